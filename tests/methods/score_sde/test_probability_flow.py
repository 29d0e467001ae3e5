"""The probability-flow ODE on distributions whose density is known."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.tasks.generation import Noise
from methods.score_sde import flow
from methods.score_sde.flow import Flow
from methods.score_sde.sde import Sde, SubVpSde, VeSde, VpSde

MEAN, STD = 2.0, 0.5
SDES = [VpSde(), SubVpSde(), VeSde(sigma_max=20.0)]


def exact(x: Tensor, noise: Noise) -> Tensor:
    level = noise.over(x)
    return -(x - level.scale * MEAN) / ((level.scale * STD) ** 2 + level.std**2)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("sde", SDES[:2], ids=lambda sde: type(sde).__name__)
def test_log_density_of_a_normal_distribution(sde: Sde) -> None:
    # Exactly -0.40579; the prior's mean is taken to be zero, which costs 0.008.
    density = Flow(sde, exact, 1e-5).log_density(torch.tensor([[2.3]]), "exact", generator())
    assert float(density) == pytest.approx(-0.40579, abs=0.01)
    assert float(density) == pytest.approx(-0.41378, abs=1e-3)


def test_log_density_is_exact_where_the_prior_is() -> None:
    def centred(x: Tensor, noise: Noise) -> Tensor:
        level = noise.over(x)
        return -x / (level.scale**2 + level.std**2)

    density = Flow(VpSde(), centred, 1e-6).log_density(torch.tensor([[0.3], [-1.5]]), "exact", generator())
    expected = [-(x**2) / 2 - math.log(math.sqrt(2 * math.pi)) for x in (0.3, -1.5)]
    np.testing.assert_allclose(density.numpy(), expected, atol=1e-4)


def test_estimated_divergence_has_no_bias() -> None:
    matrix = torch.randn(4, 4, generator=generator())
    x = torch.randn(1, 4, generator=generator()).expand(4000, 4)
    signs = torch.randint(2, x.shape, generator=generator()) * 2.0 - 1
    _, estimates = flow._estimated_divergence(signs)(lambda at: torch.tanh(at @ matrix), x.clone())
    _, exactly = flow._exact_divergence(lambda at: torch.tanh(at @ matrix), x[:1].clone())
    assert float(estimates.mean()) == pytest.approx(float(exactly), abs=4 * float(estimates.std()) / math.sqrt(len(x)))


def test_estimated_divergence_is_exact_where_the_jacobian_is_diagonal() -> None:
    items = torch.tensor([[2.3, 1.0, 2.5]])
    solved = [Flow(VpSde(), exact, 1e-5).log_density(items, kind, generator()) for kind in ("exact", "hutchinson")]
    torch.testing.assert_close(*solved, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sde", SDES, ids=lambda sde: type(sde).__name__)
def test_what_is_encoded_is_decoded(sde: Sde) -> None:
    items = MEAN + STD * torch.randn(20, 3, generator=generator())
    solver = Flow(sde, exact, 1e-6)
    assert float((solver.decode(solver.encode(items)) - items).abs().max()) < 1e-3


@pytest.mark.parametrize("sde", SDES, ids=lambda sde: type(sde).__name__)
def test_a_normal_distribution_is_sampled(sde: Sde) -> None:
    latent = sde.prior_std * torch.randn(20_000, 1, generator=generator())
    x = Flow(sde, exact, 1e-5).sample(latent)
    # The prior's mean is zero, that of the marginals 0.013 for VP and 2 for VE.
    assert float(x.mean()) == pytest.approx(2.0, abs=0.06)
    # A last denoising step takes the variance of the last noise away.
    assert float(x.std()) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("sde", "mean", "std"), [(VpSde(), 1.992, 0.498), (SubVpSde(), 1.994, 0.499)])
def test_euler_s_rule_in_a_thousand_steps(sde: Sde, mean: float, std: float) -> None:
    solver, steps = Flow(sde, exact, 1e-5), torch.linspace(1, 1e-3, 1001)
    x = torch.randn(50_000, 1, generator=generator())
    for t, earlier in itertools.pairwise(steps):
        x = x + solver.velocity(x, t) * (earlier - t)
    assert float(x.mean()) == pytest.approx(mean, abs=0.01)
    assert float(x.std()) == pytest.approx(std, abs=0.005)


def test_the_solver_says_when_its_tolerance_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MOST_EVALUATIONS", 20)
    with pytest.raises(RuntimeError, match="not reached its tolerance of 1e-09 in 20 evaluations"):
        Flow(VpSde(), exact, 1e-9).carry(torch.zeros(3, 1), 1.0, 1e-3)


def test_the_solver_says_when_the_velocity_is_not_finite() -> None:
    with pytest.raises(RuntimeError, match="not finite at t = 1"):
        Flow(VpSde(), lambda x, noise: x * math.nan, 1e-3).carry(torch.zeros(3, 1), 1.0, 1e-3)
