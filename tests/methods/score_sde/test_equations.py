"""The three equations: their marginals, drift and diffusion at known times, and steps that agree with both."""

import math

import pytest
import torch

from methods.score_sde.sde import LEAST_TIME, Sde, SubVpSde, VeSde, VpSde

SDES = [VpSde(), SubVpSde(), VeSde()]
# Time, integral of beta, scale; deviation and diffusion of VP, sub-VP and VE (sigma from 0.01 to 50).
TABLE = [
    (1e-3, 0.00010995, 0.999945, (0.0104854, 0.000109944, 0.0100855), (0.34627, 0.0051345, 0.041626)),
    (0.1, 0.1095, 0.946722, (0.322053, 0.103718, 0.0234367), (1.4457, 0.64114, 0.09673)),
    (0.25, 0.646875, 0.723657, (0.69016, 0.47632, 0.0840896), (2.2528, 1.9192, 0.34706)),
    (0.5, 2.5375, 0.281183, (0.959654, 0.920936, 0.707107), (3.1702, 3.1602, 2.9184)),
    (1.0, 10.05, 0.00657159, (0.999978, 0.999957, 50.0), (4.4721, 4.4721, 206.36)),
]


@pytest.mark.parametrize(("time", "summed", "scale", "stds", "diffusions"), TABLE)
def test_marginals_and_diffusion(
    time: float, summed: float, scale: float, stds: tuple[float, ...], diffusions: tuple[float, ...]
) -> None:
    t = torch.tensor(time)
    assert float(VpSde().summed(t)) == pytest.approx(summed, rel=1e-4)
    for sde, std, diffusion in zip(SDES, stds, diffusions, strict=True):
        noise = sde.noise(t)
        assert float(noise.scale) == pytest.approx(1.0 if isinstance(sde, VeSde) else scale, rel=1e-5)
        assert float(noise.std) == pytest.approx(std, rel=1e-4)
        assert float(sde.diffusion(t)) == pytest.approx(diffusion, rel=1e-4)


def test_sub_vp_never_has_more_variance_and_both_end_at_one() -> None:
    t = torch.linspace(LEAST_TIME, 1, 1000)
    assert (SubVpSde().noise(t).std <= VpSde().noise(t).std).all()
    for sde in (VpSde(), SubVpSde()):
        assert sde.prior_std == pytest.approx(1, abs=1e-4)
    assert float(SubVpSde().noise(torch.tensor(LEAST_TIME)).std) == pytest.approx(1.0e-6, rel=0.01)


def test_known_relations_to_ddpm() -> None:
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    assert float((1 - betas).cumprod(0)[-1].sqrt()) == pytest.approx(0.00635282, rel=1e-5)
    assert float(VpSde().noise(torch.tensor(1e-3)).std) ** 2 == pytest.approx(1.0994e-4, rel=1e-3)


@pytest.mark.parametrize("sde", SDES, ids=lambda sde: type(sde).__name__)
def test_drift_and_diffusion_lead_to_the_marginals(sde: Sde) -> None:
    """d scale = rate scale dt and d std^2 = (2 rate std^2 + g^2) dt, by finite differences."""
    t, h = torch.tensor(0.4, dtype=torch.float64), 1e-5
    before, now, after = sde.noise(t - h), sde.noise(t), sde.noise(t + h)
    slope = (after.scale - before.scale) / (2 * h)
    assert float(slope) == pytest.approx(float(sde.rate(t) * now.scale), rel=1e-5, abs=1e-9)
    variance = (after.std**2 - before.std**2) / (2 * h)
    assert float(variance) == pytest.approx(float(2 * sde.rate(t) * now.std**2 + sde.diffusion(t) ** 2), rel=1e-5)


@pytest.mark.parametrize("sde", [VpSde(), VeSde()], ids=lambda sde: type(sde).__name__)
def test_steps_forward_lead_from_marginal_to_marginal(sde: Sde) -> None:
    first, second = torch.tensor(0.3), torch.tensor(0.35)
    keep, std = sde.transition(first, second)
    before, after = sde.noise(first), sde.noise(second)
    assert float(keep * before.scale) == pytest.approx(float(after.scale), rel=1e-5)
    assert float(torch.sqrt((keep * before.std) ** 2 + std**2)) == pytest.approx(float(after.std), rel=1e-5)


def test_the_exploding_equation_started_without_noise_lacks_the_smallest_variance() -> None:
    """The marginals have the variance sigma(t)^2; an equation from t = 0 without noise, sigma(t)^2 - sigma_min^2."""
    sde = VeSde(sigma_max=2.0)
    generator = torch.Generator().manual_seed(0)
    x, steps = torch.zeros(20_000), 500
    for i in range(steps):
        before, after = torch.tensor(i / steps), torch.tensor((i + 1) / steps)
        keep, std = sde.transition(before, after)
        x = keep * x + std * torch.randn(len(x), generator=generator)
    expected = math.sqrt(sde.sigma_max**2 - sde.sigma_min**2)
    assert float(x.std()) == pytest.approx(expected, rel=4 / math.sqrt(2 * len(x)))
