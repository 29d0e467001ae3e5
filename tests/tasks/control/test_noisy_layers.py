"""Noisy layers: their output by hand, what is drawn and learned, and how an agent explores by them."""

import numpy as np
import pytest
import torch

from harness.tasks.control.models.dueling import CategoricalNetwork, QNetwork
from harness.tasks.control.models.noisy import NoisyLinear, draw_noise
from harness.tasks.control.models.trunk import NoConvolutions
from harness.tasks.control.training.dqn import Dqn
from harness.tasks.control.training.replay import Frames, Minibatch
from harness.tasks.control.training.views import Views

SETTINGS = {"adam_epsilon": 1e-8, "tau": 1.0, "target_every": 1}


def a_layer() -> NoisyLinear:
    """Of two inputs and one output, with weights 2 and 3, bias 1, deviations .5 and .25, bias deviation .125, and the
    noise 4 and -1 of the inputs and 2 of the output."""
    layer = NoisyLinear(2, 1, scale=1.0)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, 3.0]]))
        layer.bias.fill_(1.0)
        layer.weight_deviation.copy_(torch.tensor([[0.5, 0.25]]))
        layer.bias_deviation.fill_(0.125)
        layer.noise_in.copy_(torch.tensor([4.0, -1.0]))
        layer.noise_out.fill_(2.0)
    return layer


def a_learner(noise: float) -> Dqn:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = QNetwork(NoConvolutions(4), 3, 8, dueling=True, noise=noise)
    generator = torch.Generator().manual_seed(0)
    return Dqn(network, SETTINGS, np.random.default_rng(0), lr=1e-2, double=True, noise=generator)


def states(n: int) -> torch.Tensor:
    return torch.randn(n, 4, 1, 1, generator=torch.Generator().manual_seed(1))


def test_the_output_is_that_of_weights_with_noise() -> None:
    """Weights 2 + .5 * 8 = 6 and 3 - .25 * 2 = 2.5, bias 1 + .125 * 2 = 1.25, inputs 1 and 10."""
    assert a_layer()(torch.tensor([1.0, 10.0])).item() == 6 + 25 + 1.25


def test_there_is_no_noise_in_evaluation() -> None:
    assert a_layer().eval()(torch.tensor([1.0, 10.0])).item() == 2 + 30 + 1


def test_the_gradient_of_a_deviation_is_the_noise_that_it_scales() -> None:
    layer = a_layer()
    layer(torch.tensor([1.0, 10.0])).backward()
    assert layer.weight_deviation.grad is not None
    assert layer.bias_deviation.grad is not None
    assert layer.weight_deviation.grad.tolist() == [[8.0, -20.0]]
    assert layer.bias_deviation.grad.tolist() == [2.0]


def test_noise_is_the_signed_root_of_normal_numbers() -> None:
    layer = NoisyLinear(3, 2, scale=0.5)
    draw_noise(layer, torch.Generator().manual_seed(5))
    again = torch.Generator().manual_seed(5)
    for noise in (layer.noise_in, layer.noise_out):
        drawn = torch.randn(noise.shape, generator=again)
        torch.testing.assert_close(noise * noise.abs(), drawn)


def test_deviations_begin_at_the_scale_over_the_root_of_the_inputs() -> None:
    layer = NoisyLinear(16, 2, scale=0.5)
    assert layer.weight_deviation.unique().tolist() == layer.bias_deviation.unique().tolist() == [0.125]


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_only_noisy_networks_have_noisy_layers(noise: float) -> None:
    networks = (
        QNetwork(NoConvolutions(4), 3, 8, dueling=True, noise=noise),
        CategoricalNetwork(NoConvolutions(4), 3, 8, dueling=True, atoms=5, most=1.0, noise=noise),
    )
    for network in networks:
        assert sum(isinstance(part, NoisyLinear) for part in network.modules()) == (4 if noise else 0)


def test_a_noisy_agent_explores_by_its_noise_and_acts_without_it() -> None:
    learner, seen = a_learner(noise=2.0), states(200)
    first, second = (learner.explore(seen, steps=500) for _ in range(2))
    assert (first != second).any()
    acted = [learner.act(seen) for _ in range(2)]
    assert np.array_equal(*acted)
    # The generator of random actions was not used.
    assert learner._rng.random() == np.random.default_rng(0).random()


def test_an_update_learns_the_deviations_and_draws_noise_for_both_networks() -> None:
    learner = a_learner(noise=0.5)
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    n, nothing = 8, Frames(np.zeros((1, 1, 1, 1, 1, 1)), np.zeros((8, 1), np.int64), 0)
    batch = Minibatch(nothing, nothing, torch.zeros(n, dtype=torch.long), torch.ones(n), torch.zeros(n), np.arange(n))
    learner.update(batch, Views([states(n)], [states(n)]))
    after, target = learner.network.state_dict(), learner.target.state_dict()
    for name, value in before.items():
        if "advantage" in name or "value" in name:
            assert not torch.equal(after[name], value), name
        if "noise" in name:
            assert not torch.equal(after[name], target[name]), name
