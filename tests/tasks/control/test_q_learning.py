"""Q-learning with views: double, dueling, targets of several versions, and exploration."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from harness.tasks.control.models.dueling import QNetwork
from harness.tasks.control.models.trunk import NoConvolutions
from harness.tasks.control.training.dqn import Dqn
from harness.tasks.control.training.replay import Frames, Minibatch
from harness.tasks.control.training.views import Views

SETTINGS = {
    "adam_epsilon": 1e-8,
    "tau": 1.0,
    "target_every": 1,
    "random_steps": 10,
    "epsilon": 0.1,
    "epsilon_steps": 100,
}


class Table(nn.Module):
    """Values F32[n 3] that are looked up: those of a state of one number, its row."""

    actions = 3

    def __init__(self, rows: list[list[float]]) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.tensor(rows))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.rows[pictures.flatten().long()]


def a_batch(rewards: list[float], discounts: list[float]) -> Minibatch:
    n = len(rewards)
    nothing = Frames(np.zeros((1, 1, 1, 1, 1, 1)), np.zeros((n, 1), np.int64), 0)
    return Minibatch(
        nothing, nothing, torch.zeros(n, dtype=torch.long), torch.tensor(rewards), torch.tensor(discounts), np.arange(n)
    )


def shown(*rows: int) -> torch.Tensor:
    return torch.tensor(rows).view(-1, 1, 1, 1)


def a_learner(network: nn.Module, *, double: bool = True, **settings: float) -> Dqn:
    return Dqn(network, {**SETTINGS, **settings}, np.random.default_rng(0), lr=1e-3, double=double)  # type: ignore[arg-type]


@pytest.mark.parametrize(("double", "target"), [(True, 1 + 0.9 * 10.0), (False, 1 + 0.9 * 30.0)])
def test_the_network_chooses_and_the_target_network_tells_the_value(double: bool, target: float) -> None:
    network = Table([[3.0, 2.0, 1.0]])
    learner = a_learner(network, double=double)
    with torch.no_grad():
        learner.target.rows.copy_(torch.tensor([[10.0, 20.0, 30.0]]))
    assert learner.targets(a_batch([1.0], [0.9]), Views([shown(0)], [shown(0)])).item() == pytest.approx(target)


def test_targets_are_averaged_over_views() -> None:
    learner = a_learner(Table([[1.0, 0.0, 0.0], [0.0, 5.0, 0.0]]))
    target = learner.targets(a_batch([0.0, 0.0], [1.0, 0.0]), Views([shown(0, 0)], [shown(0, 0), shown(1, 1)]))
    assert target.tolist() == [3.0, 0.0]


def test_the_mean_of_a_dueling_network_s_values_is_the_value_of_the_state() -> None:
    torch.manual_seed(0)
    network = QNetwork(NoConvolutions(4), 5, 8, dueling=True)
    states = torch.randn(6, 4)[..., None, None]
    assert network.value is not None
    torch.testing.assert_close(network(states).mean(dim=1), network.value(states.flatten(1)).squeeze(1))
    assert QNetwork(NoConvolutions(4), 5, 8, dueling=False).value is None


def test_only_the_values_of_the_actions_that_were_taken_are_learned() -> None:
    network = Table([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    before = copy.deepcopy(network.rows.data)
    a_learner(network).update(a_batch([9.0], [0.0]), Views([shown(1)], [shown(0)]))
    assert (network.rows.data != before).nonzero().tolist() == [[1, 0]]


def test_the_loss_is_huber_s() -> None:
    """Errors of 3 and .5: 3 - 1/2 and .5^2 / 2."""
    network = Table([[1.0, 0.0, 0.0]])
    loss = a_learner(network).update(a_batch([4.0, 1.5], [0.0, 0.0]), Views([shown(0, 0)], [shown(0, 0)]))
    assert loss.tolist() == pytest.approx([2.5, 0.125])


def test_transitions_count_as_much_as_they_weigh() -> None:
    """The gradient of a value is -1 for errors above 1; with weights of .5 and .1, a mean over two transitions."""
    network = Table([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    batch = a_batch([4.0, 5.0], [0.0, 0.0])._replace(weights=torch.tensor([0.5, 0.1]))
    losses = a_learner(network).update(batch, Views([shown(0, 1)], [shown(0, 1)]))
    assert network.rows.grad is not None
    assert network.rows.grad[:, 0].tolist() == pytest.approx([-0.25, -0.05])
    assert losses.tolist() == [3.5, 4.5]


def test_a_share_of_one_copies_the_network_into_its_target() -> None:
    network = Table([[1.0, 2.0, 3.0]])
    learner = a_learner(network)
    learner.update(a_batch([9.0], [0.0]), Views([shown(0)], [shown(0)]))
    assert torch.equal(learner.target.rows, network.rows)


def test_random_actions_become_rarer() -> None:
    learner = a_learner(Table([[1.0, 2.0, 3.0]]))
    assert [learner.epsilon(steps) for steps in (0, 10, 60, 110, 500)] == pytest.approx([1, 1, 0.55, 0.1, 0.1])
    pictures = shown(*[0] * 3000)
    explored = learner.explore(pictures, 500)
    # A third of the random actions are the best one.
    assert (explored != 2).mean() == pytest.approx(0.1 * 2 / 3, abs=0.015)
    assert (learner.act(pictures) == 2).all()
