"""Q-learning of distributions over returns: projections and losses by hand."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from harness.tasks.control.models.dueling import CategoricalNetwork
from harness.tasks.control.models.trunk import NoConvolutions
from harness.tasks.control.training.categorical import CategoricalDqn, project
from harness.tasks.control.training.replay import Frames, Minibatch
from harness.tasks.control.training.views import Views

SUPPORT = torch.tensor([-1.0, 0.0, 1.0])
SETTINGS = {"adam_epsilon": 1e-8, "tau": 1.0, "target_every": 1}


class Lookup(nn.Module):
    """Distributions over three returns that are looked up: those of two actions in a state of one number."""

    def __init__(self, probabilities: list[list[list[float]]]) -> None:
        super().__init__()
        self.logs = nn.Parameter(torch.tensor(probabilities).log())
        self.register_buffer("support", SUPPORT)

    def log_probabilities(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.logs[pictures.flatten().long()].log_softmax(dim=2)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.log_probabilities(pictures).exp() @ SUPPORT


def shown(*rows: int) -> torch.Tensor:
    return torch.tensor(rows).view(-1, 1, 1, 1)


def a_batch(actions: list[int], rewards: list[float], discounts: list[float]) -> Minibatch:
    n = len(rewards)
    nothing = Frames(np.zeros((1, 1, 1, 1, 1, 1)), np.zeros((n, 1), np.int64), 0)
    return Minibatch(
        nothing, nothing, torch.tensor(actions), torch.tensor(rewards), torch.tensor(discounts), np.arange(n)
    )


def a_learner(network: Lookup, *, double: bool) -> CategoricalDqn:
    return CategoricalDqn(network, SETTINGS, np.random.default_rng(0), lr=1e-3, double=double)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("probabilities", "reward", "discount", "expected"),
    [
        ([0.2, 0.3, 0.5], 0.0, 1.0, [0.2, 0.3, 0.5]),
        # -1, 0, 1 become -.25, .25, .75.
        ([0.2, 0.3, 0.5], 0.25, 0.5, [0.05, 0.15 + 0.225 + 0.125, 0.075 + 0.375]),
        ([0.2, 0.3, 0.5], 0.75, 0.0, [0.0, 0.25, 0.75]),
        ([0.2, 0.3, 0.5], 9.0, 1.0, [0.0, 0.0, 1.0]),
    ],
)
def test_distributions_are_projected_on_the_support(
    probabilities: list[float], reward: float, discount: float, expected: list[float]
) -> None:
    moved = project(torch.tensor([probabilities]), torch.tensor([reward]), torch.tensor([discount]), SUPPORT)
    assert moved[0].tolist() == pytest.approx(expected)


def test_a_projection_keeps_the_mean_where_nothing_reaches_beyond_the_ends() -> None:
    torch.manual_seed(0)
    support = torch.linspace(-10, 10, 51)
    probabilities = torch.randn(8, 51).softmax(dim=1)
    rewards, discounts = torch.rand(8), 0.5 + 0.4 * torch.rand(8)
    moved = project(probabilities, rewards, discounts, support)
    torch.testing.assert_close(moved.sum(dim=1), torch.ones(8))
    torch.testing.assert_close(moved @ support, rewards + discounts * (probabilities @ support))


@pytest.mark.parametrize(("double", "chosen"), [(True, [0.6, 0.2, 0.2]), (False, [0.1, 0.2, 0.7])])
def test_the_network_chooses_and_the_target_network_tells_the_distribution(double: bool, chosen: list[float]) -> None:
    network = Lookup([[[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]])
    learner = a_learner(network, double=double)
    with torch.no_grad():
        learner.target.logs.copy_(torch.tensor([[[0.6, 0.2, 0.2], [0.1, 0.2, 0.7]]]).log())  # type: ignore[operator]
    target = learner.target_distributions(a_batch([0], [0.0], [1.0]), Views([shown(0)], [shown(0)]))
    assert target[0].tolist() == pytest.approx(chosen)


def test_distributions_of_targets_are_averaged_over_views() -> None:
    network = Lookup([[[0.2, 0.2, 0.6], [0.9, 0.05, 0.05]], [[0.9, 0.05, 0.05], [0.0, 0.6, 0.4]]])
    views = Views([shown(0)], [shown(0), shown(1)])
    target = a_learner(network, double=False).target_distributions(a_batch([0], [0.0], [1.0]), views)
    assert target[0].tolist() == pytest.approx([0.1, 0.4, 0.5])


def test_the_loss_is_the_cross_entropy_of_the_action_that_was_taken() -> None:
    """The episode ends with a reward of 0: the target is the middle return."""
    network = Lookup([[[0.2, 0.5, 0.3], [0.3, 0.25, 0.45]]])
    losses = a_learner(network, double=True).update(a_batch([1], [0.0], [0.0]), Views([shown(0)], [shown(0)]))
    assert losses.tolist() == pytest.approx([-math.log(0.25)])
    assert network.logs.grad is not None
    assert network.logs.grad[0, 0].abs().max() == 0
    assert network.logs.grad[0, 1].tolist() == pytest.approx([0.3, 0.25 - 1, 0.45])


@pytest.mark.parametrize("dueling", [True, False])
def test_values_are_the_means_of_distributions(dueling: bool) -> None:
    torch.manual_seed(0)
    network = CategoricalNetwork(NoConvolutions(4), 5, 8, dueling=dueling, atoms=11, most=2.0)
    states = torch.randn(6, 4)[..., None, None]
    probabilities = network.log_probabilities(states).exp()
    assert probabilities.shape == (6, 5, 11)
    torch.testing.assert_close(probabilities.sum(dim=2), torch.ones(6, 5))
    torch.testing.assert_close(network(states), probabilities @ torch.linspace(-2, 2, 11))
