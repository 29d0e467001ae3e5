"""The learning rule of FlyVec, against numbers computed by hand and against a loop over single inputs."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from methods.flyvec.network import KenyonCells

TWO_CELLS = [[0.5, 0.1, 0.3, 0.2], [0.1, 0.4, 0.1, 0.1]]
INPUT = torch.tensor([[0, 2, 3]])  # v = (1, 0, 1, 1)
PROBABILITY = [0.4, 0.3, 0.2, 0.1]


def cells(weights: list[list[float]], probability: list[float]) -> KenyonCells:
    """Cells from a row of weights each, in double precision."""
    return KenyonCells(torch.tensor(weights, dtype=torch.float64).T.contiguous(), torch.tensor(probability))


def drawn(neurons: int, units: int, seed: int = 0, sigma: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    """Random weights and probabilities of a network."""
    rng = np.random.default_rng(seed)
    weights = torch.from_numpy(rng.normal(0, sigma, (neurons, units)))
    return weights, torch.from_numpy(rng.uniform(0.01, 1, neurons))


def batch_of(neurons: int, size: int, active: int, seed: int = 0) -> torch.Tensor:
    """Inputs with up to `active` distinct neurons, filled up with none."""
    rng = np.random.default_rng(seed)
    inputs = np.stack([rng.choice(neurons, active, replace=False) for _ in range(size)])
    inputs[rng.random(inputs.shape) < 0.2] = neurons
    return torch.from_numpy(inputs)


def test_winner_is_chosen_on_raw_input() -> None:
    network = cells([[0.9, 0.1], [0.2, 0.8]], [0.9, 0.1])
    both = torch.tensor([[0, 1]])
    assert network.activations(both).tolist() == [[1.0, 1.0]]
    scaled = network.weights.T @ torch.tensor([1 / 0.9, 1 / 0.1], dtype=torch.float64)
    assert scaled.tolist() == pytest.approx([2.0, 8.2222222])  # would make the second cell the winner
    assert network.winners(both).tolist() == [0]


def test_step_lowers_the_energy_by_the_known_amount() -> None:
    network = cells(TWO_CELLS, PROBABILITY)
    assert network.winners(INPUT).tolist() == [0]
    assert network.energy(INPUT) == pytest.approx(-7.60609, abs=1e-5)
    network.learn(INPUT, 1e-3, "plain")
    assert network.energy(INPUT) == pytest.approx(-7.72203, abs=1e-5)
    network = cells(TWO_CELLS, PROBABILITY)
    network.learn(INPUT, 1e-2, "plain")
    assert network.energy(INPUT) == pytest.approx(-8.63003, abs=1e-5)


def test_repeated_input_is_learned_as_a_unit_vector() -> None:
    network = cells(TWO_CELLS, PROBABILITY)
    for _ in range(5000):
        network.learn(INPUT, 1e-3, "plain")
    winner = network.weights[:, 0]
    scaled = torch.tensor([1 / 0.4, 0, 1 / 0.2, 1 / 0.1], dtype=torch.float64)
    assert network.energy(INPUT) == pytest.approx(-11.45644, abs=1e-5)
    assert float(winner.norm()) == pytest.approx(1, abs=1e-5)
    assert winner.tolist() == pytest.approx((scaled / scaled.norm()).tolist(), abs=1e-5)
    assert network.weights[:, 1].tolist() == TWO_CELLS[1]


@given(seed=st.integers(0, 10**6), size=st.floats(0.01, 100))
def test_energy_never_rises_for_a_fixed_winner(seed: int, size: float) -> None:
    weights, probability = drawn(6, 1, seed)
    network = KenyonCells(weights / weights.norm() * size, probability)
    inputs = batch_of(6, 1, 4, seed)
    before = network.energy(inputs)
    network.learn(inputs, 1e-6, "plain")
    assert network.energy(inputs) <= before + 1e-9 * abs(before)


def test_weights_of_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="zero"):
        KenyonCells(torch.zeros(8, 4), torch.full((8,), 0.1))


def test_scaling_the_probabilities_changes_no_winner_and_no_direction() -> None:
    weights, probability = drawn(30, 5)
    inputs = batch_of(30, 200, 6)
    one, other = KenyonCells(weights, probability), KenyonCells(weights, probability * 7)
    assert torch.equal(one.winners(inputs), other.winners(inputs))
    for network, rate in ((one, 1e-5), (other, 7e-5)):
        for _ in range(3000):
            network.learn(inputs, rate, "plain")
    first, second = (network.weights / network.weights.norm(dim=0) for network in (one, other))
    assert torch.allclose(first, second, atol=1e-3)


@pytest.mark.parametrize("step", ["max_norm", "plain"])
def test_mini_batch_is_the_sum_over_its_inputs(step: str) -> None:
    weights, probability = drawn(40, 7)
    inputs = batch_of(40, 300, 6)
    network = KenyonCells(weights, probability)
    winners = network.winners(inputs)
    change = torch.zeros_like(weights)
    for active, winner in zip(inputs, winners, strict=True):
        v = torch.zeros(40, dtype=torch.float64)
        v[active[active < 40]] = 1
        scaled = v / probability
        change[:, winner] += scaled - (weights[:, winner] @ scaled) * weights[:, winner]
    rate = 0.1 / float(change.abs().max()) if step == "max_norm" else 0.1
    network.learn(inputs, 0.1, step)  # type: ignore[arg-type]
    assert torch.allclose(network.weights, weights + rate * change, atol=1e-6)
    assert not torch.allclose(weights, weights + rate * change, atol=1e-3)


@pytest.mark.parametrize("least", [1e-20, 0.5])
@pytest.mark.parametrize("rate", [0.05, 0.9])
def test_many_steps_are_those_on_the_whole_matrix(rate: float, least: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("methods.flyvec.network.LEAST_FACTOR", least)
    dense, probability = drawn(40, 7)
    network = KenyonCells(dense, probability)
    for seed in range(100):
        inputs = batch_of(40, 5, 3, seed)
        v = torch.zeros(5, 41, dtype=torch.float64).scatter_(1, inputs, 1.0)[:, :40]
        winners = torch.nn.functional.one_hot((v @ dense).argmax(dim=1), 7).double()
        scaled = v / probability
        decay = ((scaled @ dense) * winners).sum(dim=0)
        change = scaled.T @ winners - dense * decay
        dense = dense + rate * change / change.abs().max()
        network.learn(inputs, rate)
    assert torch.allclose(network.weights, dense, atol=1e-9)
    assert network.energy(inputs) == pytest.approx(KenyonCells(dense, probability).energy(inputs))


def test_max_norm_looks_at_the_whole_matrix() -> None:
    network = cells([[1.0, 0.0, -30.0]], [0.5, 0.5, 0.5])
    network.learn(torch.tensor([[0]]), 0.5, "max_norm")
    # v/p = (2, 0, 0) and <W, v/p> = 2, so the change is (0, 0, 60): the largest entry is at a silent neuron.
    assert network.weights[:, 0].tolist() == pytest.approx([1.0, 0.0, -29.5])


def test_missing_neurons_change_nothing() -> None:
    weights, probability = drawn(10, 3)
    short, filled = KenyonCells(weights, probability), KenyonCells(weights, probability)
    short.learn(torch.tensor([[1, 2]]), 0.1)
    filled.learn(torch.tensor([[1, 10, 2, 10]]), 0.1)
    assert torch.equal(short.weights, filled.weights)
    assert filled.activations(torch.tensor([[10, 10]])).tolist() == [[0.0] * 3]
    assert math.isfinite(filled.energy(torch.tensor([[10, 10]])))
