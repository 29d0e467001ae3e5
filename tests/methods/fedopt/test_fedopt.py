"""FedAdagrad, FedAdam, FedYogi: hand-computed steps, and what they have in common with other servers."""

import pytest
import torch
from torch import Tensor

from baselines.federated.fedavg import FedAvg, FedAvgM, FedAvgTuned
from harness.tasks.federated import ServerOptimizer
from methods.fedopt.ablations import FedAdamReleased, FedYogiReleased
from methods.fedopt.fedopt import Adaptive, FedAdagrad, FedAdam, FedYogi

DELTAS = (0.5, -0.2, 0.1)


def path(server: ServerOptimizer, deltas: tuple[float, ...] = DELTAS) -> tuple[list[float], list[float]]:
    """The models after each delta, from 0, and the second moments if there are any."""
    x = torch.zeros(1, dtype=torch.float64)
    state = server.init(x)
    models, moments = [], []
    for delta in deltas:
        x, state = server.step(x, torch.tensor([delta], dtype=torch.float64), state)
        models.append(x.item())
        moments += [state.second.item()] if isinstance(server, Adaptive) else []
    return models, moments


@pytest.mark.parametrize(
    ("server", "second", "models"),
    [
        (FedAdagrad(server_rate=0.1), (0.250001, 0.290001, 0.300001), (0.0998, 0.06273, 0.080954)),
        (FedAdam(server_rate=0.1), (0.00250099, 0.00287598, 0.00294722), (0.09802, 0.143784, 0.202567)),
        (FedYogi(server_rate=0.1), (0.002501, 0.002901, 0.003001), (0.09802, 0.14359, 0.201853)),
        (
            FedAdam(server_rate=0.1, bias_correction=True, v0=0.0),
            (0.0025, 0.002875, 0.00294625),
            (0.098039, 0.132023, 0.169411),
        ),
        (
            FedYogi(server_rate=0.1, bias_correction=True, v0=0.0),
            (0.0025, 0.0029, 0.003),
            (0.098039, 0.131879, 0.168937),
        ),
    ],
    ids=["adagrad", "adam", "yogi", "adam corrected", "yogi corrected"],
)
def test_steps_computed_by_hand(server: Adaptive, second: tuple[float, ...], models: tuple[float, ...]) -> None:
    found, moments = path(server)
    assert moments == pytest.approx(second, abs=5e-9)
    assert found == pytest.approx(models, abs=1e-6)


@pytest.mark.parametrize(
    ("v", "delta", "yogi", "adam"), [(1.0, 0.5, 0.9975, 0.9925), (0.1, 1.0, 0.11, 0.109), (0.25, 0.5, 0.25, 0.25)]
)
def test_yogi_changes_the_second_moment_additively(v: float, delta: float, yogi: float, adam: float) -> None:
    for server, expected in ((FedYogi(v0=v), yogi), (FedAdam(v0=v), adam)):
        assert path(server, (delta,))[1] == pytest.approx([expected], abs=1e-12)


def test_the_first_moment_is_of_deltas_and_not_of_the_second_moment() -> None:
    _, state = FedAdam().step(torch.zeros(2), torch.tensor([1.0, -3.0]), FedAdam().init(torch.zeros(2)))
    torch.testing.assert_close(state.first, torch.tensor([0.1, -0.3]))


@pytest.mark.parametrize("server", [FedAdam, FedYogi])
def test_a_large_tau_leaves_the_direction_of_momentum(server: type[Adaptive]) -> None:
    tau, c = 1e6, 0.5
    found, _ = path(server(server_rate=c * tau, tau=tau))
    momentum = x = 0.0
    expected = []
    for delta in DELTAS:
        momentum = 0.9 * momentum + 0.1 * delta
        x += c * momentum
        # sqrt(v) is tau at first, so that it halves the rate.
        expected.append(x / 2)
    assert found == pytest.approx(expected, rel=0.02)
    started_from_zero, _ = path(server(server_rate=c * tau, tau=tau, v0=0.0))
    assert started_from_zero == pytest.approx([2 * value for value in expected], rel=1e-4)


def test_gradient_descent_with_rate_one_is_federated_averaging_bit_for_bit() -> None:
    torch.manual_seed(0)
    x, delta = torch.randn(2, 1000, dtype=torch.float64)
    averaged, _ = FedAvg().step(x, delta, None)
    assert torch.equal(FedAvgTuned(server_rate=1.0).step(x, delta, None)[0], averaged)
    still = FedAvgM(momentum=0.0)
    assert torch.equal(still.step(x, delta, still.init(x))[0], averaged)


def test_a_mean_of_deltas_is_a_mean_of_models() -> None:
    torch.manual_seed(0)
    x, shares = torch.randn(1000, dtype=torch.float64), torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)
    models = torch.randn(3, 1000, dtype=torch.float64)
    averaged, _ = FedAvg().step(x, shares @ (models - x), None)
    torch.testing.assert_close(averaged, shares @ models, rtol=0, atol=1e-12)


def test_momentum_gathers_deltas() -> None:
    assert path(FedAvgM(server_rate=0.5))[0] == pytest.approx([0.25, 0.375, 0.5375])


def test_options_are_the_paper_s_and_the_released_ones_are_the_code_s() -> None:
    for server in (FedAdam(), FedYogi()):
        options = {name: server.parameters[name] for name in ("beta1", "beta2", "tau", "v0", "bias_correction")}
        assert options == {"beta1": 0.9, "beta2": 0.99, "tau": 1e-3, "v0": None, "bias_correction": False}
        assert server.init(torch.zeros(1)).second.item() == pytest.approx(1e-6)
    assert FedAdagrad().beta1 == 0
    for released in (FedAdamReleased(), FedYogiReleased()):
        assert (released.beta2, released.v0, released.bias_correction) == (0.999, 0.0, True)
        assert released.init(torch.zeros(1)).second.item() == 0.0


def test_beta2_and_v0_matter() -> None:
    default = path(FedAdam())[0]
    assert all(path(other)[0] != default for other in (FedAdam(beta2=0.999), FedAdam(v0=0.0), FedAdam(v0=1.0)))


@pytest.mark.parametrize("server", [FedAdagrad(), FedAdam(), FedYogi(), FedAvgM()])
def test_a_step_changes_nothing_that_it_was_given(server: ServerOptimizer) -> None:
    def snapshot(state: object) -> list[Tensor]:
        parts = state if isinstance(state, tuple) else (state,)
        return [part.clone() for part in parts if isinstance(part, Tensor)]

    x, delta = torch.ones(3), torch.full((3,), 0.5)
    _, state = server.step(x, delta, server.init(x))
    before = snapshot(state)
    server.step(x, delta, state)
    assert all(torch.equal(now, then) for now, then in zip(snapshot(state), before, strict=True))
    assert x.tolist() == [1.0] * 3
    assert delta.tolist() == [0.5] * 3
