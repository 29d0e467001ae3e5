"""Local training: padded clients together are a plain loop over clients, and the textbook's identities hold."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from torch import Tensor

from harness.tasks.federated import Clients
from harness.tasks.federated.models.convolutional import Convolutional, Residual
from harness.tasks.federated.models.dense import Logistic, Perceptron
from harness.tasks.federated.models.gru import gru_states
from harness.tasks.federated.models.network import Network
from harness.tasks.federated.models.recurrent import Recurrent
from harness.tasks.federated.problems.clients import UNCOUNTED
from harness.tasks.federated.training.cohorts import BatchSchedule, Cohort, Cohorts, batches, schedule_batches
from harness.tasks.federated.training.descent import LocalUpdates, descend

RNG = np.random.default_rng(0)
SIZES = np.array([23, 12, 7, 1])
STARTS = np.concatenate([[0], np.cumsum(SIZES)])


def images(side: int) -> Clients:
    shape = (SIZES.sum(), side, side, 1)
    return Clients(RNG.integers(256, size=shape, dtype=np.uint8), RNG.integers(3, size=SIZES.sum()), STARTS, 3)


def bags() -> Clients:
    dense = RNG.random((SIZES.sum(), 30)) * (RNG.random((SIZES.sum(), 30)) < 0.2)
    return Clients(csr_array(dense.astype(np.float32)), RNG.integers(3, size=SIZES.sum()), STARTS, 3)


def texts() -> Clients:
    tokens = RNG.integers(5, size=(SIZES.sum(), 7))
    labels = RNG.integers(5, size=tokens.shape)
    labels[::3, 4:] = UNCOUNTED
    return Clients(tokens, labels, STARTS, 5)


NETWORKS: dict[str, tuple[Callable[[], Clients], Network]] = {
    "perceptron": (lambda: images(4), Perceptron(16, 5, 3)),
    "convolutional": (lambda: images(12), Convolutional((12, 12, 1), 3, (2, 3), 0, kernel=5, stride=2)),
    "convolutional pooled": (lambda: images(8), Convolutional((8, 8, 1), 3, (2, 3), 4, kernel=3, stride=1)),
    "residual": (lambda: images(8), Residual(8, 1, 3, width=2)),
    "logistic": (bags, Logistic(30, 3)),
    "gru": (texts, Recurrent(5, 4, 6, 2, "gru")),
    "lstm": (texts, Recurrent(5, 4, 6, 1, "lstm")),
}
networks = pytest.mark.parametrize("name", NETWORKS)


def in_double(cohort: Cohort) -> Cohort:
    return cohort._replace(inputs=cohort.inputs.double()) if cohort.inputs.is_floating_point() else cohort


def setting(name: str) -> tuple[Network, Tensor, Cohort]:
    made, network = NETWORKS[name]
    x = network.initial(torch.Generator().manual_seed(1)).double()
    return network, x + 0.01, in_double(Cohorts(made(), "cpu").gather(np.arange(4)))


def dense(cohort: Cohort, client: int) -> Tensor:
    """A client's inputs, those of bags with all words."""
    inputs = cohort.inputs[client]
    if cohort.words is None:
        return inputs
    return inputs.new_zeros(len(inputs), 30).index_add_(1, cohort.words[client], inputs)


def one_by_one(
    network: Network, x: Tensor, cohort: Cohort, schedule: BatchSchedule, lr: float, corrections: Tensor | None
) -> Tensor:
    """F[c p]: the deltas of a plain loop over clients and over their batches, without padding of either."""
    found = []
    for i in range(len(cohort.labels)):
        y = x.clone()
        for places in schedule.rows[:, i]:
            if (picked := torch.tensor(places[places >= 0])).numel() == 0:
                continue
            inputs, labels = dense(cohort, i)[picked], cohort.labels[i, picked]
            leaf = y[None].clone().requires_grad_()
            logits = network.logits(leaf, inputs[None])[0]
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(end_dim=-2), labels.flatten(), ignore_index=UNCOUNTED
            )
            gradient = torch.autograd.grad(loss, leaf)[0][0]
            y = y - lr * (gradient if corrections is None else gradient + corrections[i])
        found.append(y - x)
    return torch.stack(found)


@networks
@pytest.mark.parametrize("corrected", [False, True], ids=["plain", "corrected"])
def test_padded_clients_together_are_a_plain_loop_over_clients(name: str, corrected: bool) -> None:
    network, x, cohort = setting(name)
    schedule = schedule_batches(SIZES, 5, 2, np.random.default_rng(3))
    corrections = torch.randn(4, len(x), dtype=x.dtype, generator=torch.Generator().manual_seed(2)) / 10
    learned = descend(network, x, cohort, schedule, 0.1, (lambda g, k: g + corrections[:k]) if corrected else None)
    for client in range(4):
        alone = torch.zeros(4, dtype=x.dtype)
        alone[client] = 1
        delta = learned.weighted_sum(alone, len(x))
        expected = one_by_one(network, x, cohort, schedule, 0.1, corrections if corrected else None)[client]
        torch.testing.assert_close(delta, expected, rtol=1e-9, atol=1e-11)


@networks
def test_clients_trained_alone_move_as_they_do_together(name: str) -> None:
    network, x, cohort = setting(name)
    schedule = schedule_batches(SIZES, 5, 1, np.random.default_rng(3))
    shares = torch.tensor(SIZES / SIZES.sum())
    together = descend(network, x, cohort, schedule, 0.1).weighted_sum(shares, len(x))
    each = [slice(i, i + 1) for i in range(4)]
    alone = [
        descend(network, x, cohort.select(i), schedule.select(i), 0.1).weighted_sum(shares[i], len(x)) for i in each
    ]
    torch.testing.assert_close(together, torch.stack(alone).sum(0), rtol=1e-9, atol=1e-12)


@networks
def test_one_full_batch_of_every_client_is_a_step_on_the_pooled_loss(name: str) -> None:
    network, x, cohort = setting(name)
    if name in ("gru", "lstm"):  # means over characters, of which clients have unequally many
        cohort = cohort._replace(labels=cohort.labels.clamp(min=0))
    schedule = schedule_batches(SIZES, int(SIZES[0]), 1, np.random.default_rng(0))
    delta = descend(network, x, cohort, schedule, 1.0).weighted_sum(torch.tensor(SIZES / SIZES.sum()), len(x))
    inputs = torch.cat([dense(cohort, i)[:n] for i, n in enumerate(SIZES)])
    labels = torch.cat([cohort.labels[i, :n] for i, n in enumerate(SIZES)])
    _, gradient = network.gradient(x[None], inputs[None], labels[None])
    torch.testing.assert_close(delta, -gradient[0], rtol=0, atol=1e-12)


def test_one_client_with_one_full_batch_descends_along_its_gradient() -> None:
    network, x, cohort = setting("perceptron")
    schedule = schedule_batches(SIZES[:1], int(SIZES[0]), 1, np.random.default_rng(0))
    delta = descend(network, x, cohort.select(slice(1)), schedule, 1.0).weighted_sum(
        torch.ones(1, dtype=x.dtype), len(x)
    )
    _, gradient = network.gradient(x[None], cohort.inputs[:1], cohort.labels[:1])
    torch.testing.assert_close(delta, -gradient[0], rtol=0, atol=1e-12)


def test_deltas_are_weighted_by_the_numbers_of_examples() -> None:
    learned = LocalUpdates(torch.tensor([[0.1], [-0.1]]), torch.tensor(0.0))
    assert learned.weighted_sum(torch.tensor([1.0, 3.0]) / 4, 1).item() == pytest.approx(-0.05)


def test_an_epoch_has_every_example_once_and_the_last_batch_is_smaller() -> None:
    schedule = schedule_batches(SIZES, 5, 3, np.random.default_rng(0))
    for client, size in enumerate(SIZES):
        seen = schedule.rows[:, client]
        assert np.bincount(seen[seen >= 0], minlength=size).tolist() == [3] * size
    assert schedule.steps_per_client.tolist() == [15, 9, 6, 3]
    assert schedule.active_clients.tolist() == [4] * 3 + [3] * 3 + [2] * 3 + [1] * 6
    assert sorted((schedule.rows[:, 0] >= 0).sum(1).tolist()) == [3] * 3 + [5] * 12


def test_a_client_s_epoch_does_not_wait_for_a_longer_one_s() -> None:
    places = schedule_batches(SIZES, 5, 2, np.random.default_rng(0)).rows[:, 2]
    assert ((places >= 0).sum(1)[:4] == [5, 2, 5, 2]).all()


def test_clients_without_a_batch_keep_their_weights() -> None:
    network, x, cohort = setting("perceptron")
    schedule = schedule_batches(SIZES, 5, 1, np.random.default_rng(0))
    shorter = BatchSchedule(schedule.rows[:1])
    ends = [descend(network, x, cohort, lesson, 0.1).deltas for lesson in (schedule, shorter)]
    assert torch.equal(ends[0][3], ends[1][3])
    assert not torch.equal(ends[0][0], ends[1][0])


def test_padding_is_no_example() -> None:
    _, _, cohort = setting("perceptron")
    schedule = schedule_batches(SIZES, 5, 1, np.random.default_rng(0))
    found = [int((labels[-1] != UNCOUNTED).sum()) for k, _, labels in batches(cohort, schedule) if k == 4]
    assert found == [1]


def test_sparse_clients_are_given_their_own_words_alone() -> None:
    clients = bags()
    cohort = Cohorts(clients, "cpu").gather(np.array([2, 0]))
    assert cohort.words is not None
    for row, client in enumerate((2, 0)):
        own = clients.inputs[STARTS[client] : STARTS[client + 1]].toarray()
        known = np.unique(np.nonzero(own)[1])
        assert cohort.words[row, : len(known)].tolist() == known.tolist()
        assert (cohort.inputs[row, : len(own), : len(known)].numpy() == own[:, known]).all()
        assert not cohort.inputs[row, len(own) :].any()


def test_logistic_regression_s_gradient_is_that_of_its_loss() -> None:
    network, x, cohort = setting("logistic")
    weights = x[network.coordinates(cohort.words)]  # type: ignore[attr-defined]
    labels = cohort.labels.clone()
    labels[1, 3:] = UNCOUNTED
    for own, of_loss in zip(
        network.gradient(weights, cohort.inputs, labels),
        Network.gradient(network, weights, cohort.inputs, labels),
        strict=True,
    ):
        torch.testing.assert_close(own, of_loss, rtol=0, atol=1e-14)


def test_the_recurrence_is_torch_s_and_its_backward_pass_is_right() -> None:
    torch.manual_seed(0)
    gates, recurrent, bias = (
        torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((5, 2, 3, 12), (2, 4, 12), (2, 1, 4))
    )
    assert torch.autograd.gradcheck(gru_states, (gates, recurrent, bias))
    theirs = torch.nn.GRU(6, 4).double()
    x = torch.randn(5, 3, 6, dtype=torch.float64)
    before = torch.cat([theirs.bias_hh_l0[:8], torch.zeros(4)])
    entering = (x @ theirs.weight_ih_l0.T + theirs.bias_ih_l0 + before)[:, None]
    ours = gru_states(entering, theirs.weight_hh_l0.T[None], theirs.bias_hh_l0[None, None, 8:])
    torch.testing.assert_close(ours[:, 0], theirs(x)[0])


@networks
def test_answers_are_the_logits_of_every_model(name: str) -> None:
    made, network = NETWORKS[name]
    clients = made()
    models = torch.stack([network.initial(torch.Generator().manual_seed(seed)) + 0.1 * seed for seed in (1, 2)])
    found = network.answers(models, clients.inputs[:4])
    inputs = clients.inputs[:4]
    given = torch.from_numpy(inputs.toarray() if isinstance(inputs, csr_array) else inputs)
    np.testing.assert_allclose(found, network.logits(models, given.expand(2, *given.shape)), rtol=1e-4, atol=1e-5)
