"""The protocol around the server optimizer: who takes part, what is kept, what is scored."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.federated.centralised import Centralised
from baselines.federated.fedavg import FedAvg
from baselines.federated.fedsgd import FedSgd
from baselines.federated.scaffold import Scaffold
from harness.core.card import Card
from harness.core.errors import BadOutput, Diverged
from harness.core.task import Problem
from harness.run import Run
from harness.tasks.federated import Clients, FederatedLearner, Inputs, ServerOptimizer, Training
from harness.tasks.federated.models.build import build
from harness.tasks.federated.problems.clients import UNCOUNTED, Examples
from harness.tasks.federated.scores.metrics import accuracy_by_client, count_correct, rounds_to_target, worst_decile
from harness.tasks.federated.task import Federated
from harness.tasks.federated.training.scored_models import ScoredModels
from methods.fedopt.fedopt import FedAdam

MakeRun = Callable[..., Run]


@pytest.fixture
def task(card: Card) -> Federated:
    return Federated(card)


def fitted(task: Federated, server: FederatedLearner, run: Run, case: str = "digits") -> Problem:
    problem = task.problem(case, run)
    server.fit(problem.train, run)
    return problem


def scores(task: Federated, server: FederatedLearner, split: Examples, run: Run) -> dict[str, float]:
    return {
        f"{score.metric}{score.at.get('percentile', '')}": score.value for score in task.measure(server, split, run)
    }


def test_clients_of_a_round_are_drawn_without_replacement_and_the_same_for_all_learners(make_run: MakeRun) -> None:
    starts = np.array([0, *np.cumsum(np.arange(1, 20))])
    clients = Clients(np.zeros((200, 2, 2, 1), np.uint8), np.zeros(200, int), starts, 2)

    def rounds(seed: int) -> list[list[int]]:
        training = Training(clients, make_run(seed=seed, rounds=40, cohort=6))
        return [chosen.tolist() for chosen in training.rounds()]

    drawn = rounds(seed=0)
    assert drawn == rounds(seed=0) != rounds(seed=1)
    assert len(drawn) == 40
    assert all(len(set(chosen)) == 6 for chosen in drawn)
    assert all((np.diff(clients.sizes[chosen]) <= 0).all() for chosen in drawn)
    assert {client for chosen in drawn for client in chosen} == set(range(len(clients)))


@pytest.mark.parametrize("case", ["digits", "atlas"])
def test_seed_deals_the_training_examples_and_leaves_test_inputs_alone(
    case: str, task: Federated, make_run: MakeRun
) -> None:
    first, again, other = (task.problem(case, make_run(case, seed=seed)) for seed in (0, 0, 1))
    assert first.produced == again.produced != other.produced
    if case == "digits":
        assert (first.test.inputs == other.test.inputs).all()
        together = {image.tobytes() for split in (first.train, first.valid, first.test) for image in split.inputs}
        assert len(together) > 1_790  # a few of the 1,797 digits are the same
    assert np.ptp(first.train.sizes) <= 1
    assert first.chance["accuracy"] == np.bincount(first.test.labels).max() / len(first.test.labels)


def test_a_run_spends_its_rounds_and_the_same_seed_gives_the_same_model(task: Federated, make_run: MakeRun) -> None:
    answers = []
    for _ in range(2):
        run, server = make_run(), FedAdam()
        problem = fitted(task, server, run)
        assert run.spent == 10
        answers.append(server.logits(problem.test.inputs))
    assert np.array_equal(*answers)


def test_global_random_state_is_left_alone(task: Federated, make_run: MakeRun) -> None:
    run = make_run()
    clients = task.problem("digits", run).train
    before = torch.random.get_rng_state()
    FedAvg().fit(clients, run)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_last_tenth_of_the_rounds_is_scored_and_ten_models_on_the_way() -> None:
    scored = ScoredModels(200)
    for done in range(1, 201):
        scored.add(torch.tensor([float(done)]), done)
        if done == 100:
            assert scored.final[:, 0].tolist() == [100.0]
    assert scored.final[:, 0].tolist() == [float(done) for done in range(181, 201)]
    rounds, models = scored.spaced
    assert rounds == list(range(20, 201, 20))
    assert models[:, 0].tolist() == rounds
    assert [part.item() for part in scored.parameters()] == [200.0]


def test_scores_are_means_over_the_last_models(task: Federated, make_run: MakeRun) -> None:
    run, server = make_run(rounds=40), FedAvg()
    problem = fitted(task, server, run)
    logits = server.logits(problem.test.inputs)
    assert logits.shape == (4, 200, 10)
    by_model = (logits.argmax(-1) == problem.test.labels).mean(axis=1)
    found = scores(task, server, problem.test, run.for_measuring())
    assert found["accuracy"] == pytest.approx(by_model.mean(), abs=1e-12)
    assert found["worst_decile"] <= found["client_accuracy10"] <= found["client_accuracy90"]


def test_the_validation_split_gives_the_accuracy_alone(task: Federated, make_run: MakeRun) -> None:
    run, server = make_run(), FedAvg()
    problem = fitted(task, server, run)
    assert list(scores(task, server, problem.valid, run)) == ["accuracy"]


def test_traffic_is_the_model_and_twice_the_model_with_a_second_vector(task: Federated, make_run: MakeRun) -> None:
    weights = 64 * 8 + 8 + 8 * 10 + 10
    for server, vectors in ((FedAvg(), 1), (FedSgd(), 1), (Scaffold(), 2)):
        run = make_run()
        problem = fitted(task, server, run)
        found = scores(task, server, problem.test, run)
        assert found["bytes_down"] == found["bytes_up"] == 4 * 4 * weights * vectors
        assert server.weights() == weights
    run, pooled = make_run(), Centralised()
    assert "bytes_up" not in scores(task, pooled, fitted(task, pooled, run).test, run)


def test_diverging_ends_as_diverged(task: Federated, make_run: MakeRun) -> None:
    with pytest.raises(Diverged):
        fitted(task, FedAvg(client_rate=1e30), make_run())


class Keeper(ServerOptimizer):
    """Notes what clients keep: how often each has taken part."""

    name = "keeper"

    def finish(self, client: Tensor, server: Tensor, delta: Tensor, steps: Tensor) -> Tensor:
        torch.testing.assert_close(server[0] * 20, torch.tensor(float(self.seen)))
        self.seen += len(client)
        return client + 1

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return x + delta, state


def test_client_states_come_back_and_their_mean_is_over_all_clients(task: Federated, make_run: MakeRun) -> None:
    server = Keeper()
    server.seen = 0
    fitted(task, server, make_run())
    assert server.seen == 40


class Broadcasting(Keeper):
    """Returns a model of another shape, which would be broadcast."""

    name = "broadcasting"

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return (x + delta)[None], state


def test_a_server_step_of_another_shape_is_refused(task: Federated, make_run: MakeRun) -> None:
    server = Broadcasting()
    server.seen = 0
    with pytest.raises(BadOutput, match=r"step returned torch\.float32 of shape"):
        fitted(task, server, make_run())


class Oracle(FederatedLearner):
    """Knows the brightest of the first ten pixels."""

    name = "oracle"

    def fit(self, clients: Clients, run: Run, /) -> None: ...

    def logits(self, inputs: Inputs) -> np.ndarray:
        return inputs.reshape(len(inputs), -1)[None, :, :10].astype(np.float32)  # type: ignore[union-attr, arg-type]


def oracle_s_examples(labels: np.ndarray, clients: np.ndarray) -> Examples:
    images = np.zeros((len(labels), 2, 5, 1), np.uint8)
    images.reshape(len(labels), 10)[np.arange(len(labels)), labels] = 9
    return Examples(images, labels, clients, 10, 0.5)


def test_a_perfect_learner_scores_the_ceiling_for_every_client(task: Federated, make_run: MakeRun) -> None:
    split = oracle_s_examples(np.arange(40) % 10, np.repeat([0, 1], 20))
    found = scores(task, Oracle(), split, make_run())
    assert found.pop("accuracy") == found.pop("worst_decile") == 1.0
    assert set(found.values()) == {1.0}


def test_wrong_shape_is_refused(task: Federated, make_run: MakeRun) -> None:
    class Wrong(Oracle):
        name = "wrong"

        def logits(self, inputs: Inputs) -> np.ndarray:
            return super().logits(inputs)[0]

    with pytest.raises(BadOutput, match="logits returned shape"):
        list(task.measure(Wrong(), oracle_s_examples(np.zeros(9, int), np.zeros(9, int)), make_run()))


def test_padding_is_not_scored() -> None:
    labels = np.array([[1, 0, UNCOUNTED, UNCOUNTED], [1, 1, 1, UNCOUNTED]])
    examples = Examples(np.zeros((2, 4), int), labels, np.array([0, 1]), 2)
    always_one = np.eye(2, dtype=np.float32)[np.ones((1, 2, 4), int)]
    assert count_correct(lambda inputs: always_one, examples).tolist() == [[1.0, 3.0]]


def test_clients_with_fewer_than_five_labels_have_no_accuracy() -> None:
    examples = Examples(np.zeros((12, 1)), np.ones(12, int), np.repeat([0, 1, 2], [5, 4, 3]), 2)
    assert accuracy_by_client(np.array([1.0] * 4 + [0.0] * 8), examples).tolist() == [0.8]


def test_the_worst_decile_is_the_mean_of_the_lowest_tenth() -> None:
    assert worst_decile(np.linspace(1, 0, 21)) == pytest.approx(0.025)
    assert worst_decile(np.array([0.3, 0.9])) == 0.3


def test_rounds_until_the_target_lie_between_two_models() -> None:
    rounds, accuracy = [10, 20, 30], np.array([0.2, 0.4, 0.8])
    assert [rounds_to_target(target, rounds, accuracy) for target in (0.1, 0.4, 0.5, 0.9)] == [10, 20, 22.5, 30]


@pytest.mark.parametrize(
    ("case", "shape", "classes", "weights"),
    [
        ("mnist_writers", (28, 28, 1), 10, 1_199_882),
        ("cifar10", (32, 32, 3), 10, 11_173_962),
        ("shakespeare", (80,), 90, 820_522),
    ],
)
def test_the_paper_s_model_takes_a_step(
    case: str, shape: tuple[int, ...], classes: int, weights: int, make_run: MakeRun
) -> None:
    labels = np.zeros((2, *shape) if case == "shakespeare" else 2, np.int64)
    clients = Clients(
        np.zeros((2, *shape), np.int64 if case == "shakespeare" else np.uint8), labels, np.array([0, 1, 2]), classes
    )
    server, run = FedAvg(), make_run(case, tier="paper", rounds=1)
    assert build(clients, run.settings).size == weights
    server.fit(clients, run)
    assert run.spent == 1
