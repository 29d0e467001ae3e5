"""Samplers on distributions whose score is known."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from harness.tasks.generation import Noise, Sampling
from methods.score_sde.sampling import SCHEMES, Corrector, Scheme, sample_on_grid
from methods.score_sde.sde import Sde, SubVpSde, VeSde, VpSde
from methods.score_sde.steps import PREDICTORS, langevin

MEAN, STD = 2.0, 0.5
CORRECTOR = Corrector(snr=0.16, length="paper")


def exact(x: Tensor, noise: Noise) -> Tensor:
    """The score of a normal distribution with mean 2 and deviation 0.5 at a noise level."""
    level = noise.over(x)
    return -(x - level.scale * MEAN) / ((level.scale * STD) ** 2 + level.std**2)


def drawn(sde: Sde, scheme: Scheme, evaluations: int, n: int = 100_000, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return sample_on_grid(sde, exact, (n, 1), scheme, CORRECTOR, Sampling("", evaluations, generator))


@pytest.mark.parametrize("sde", [VpSde(), SubVpSde()], ids=lambda sde: type(sde).__name__)
@pytest.mark.parametrize("name", ["reverse_diffusion", "euler_maruyama"])
def test_a_normal_distribution_is_sampled(sde: Sde, name: str) -> None:
    x = drawn(sde, SCHEMES[name], 1000, n=40_000)
    assert float(x.mean()) == pytest.approx(2.0, abs=0.02)
    assert float(x.std()) == pytest.approx(0.5, abs=0.01)


def test_steps_without_noise_err_in_proportion_to_their_length() -> None:
    # Without noise the way is linear: the deviation at its end is in proportion to that of the start.
    start = torch.randn(100, 1, generator=torch.Generator().manual_seed(0)).std()
    stds = [drawn(VpSde(), SCHEMES["probability_flow"], steps, n=100).std() / start for steps in (500, 1000, 2000)]
    errors = [float(std) - STD for std in stds]
    assert abs(errors[2]) < 0.01
    assert errors[0] - errors[1] == pytest.approx(2 * (errors[1] - errors[2]), rel=0.1)


@pytest.mark.parametrize("name", SCHEMES)
def test_the_exploding_equation_is_sampled_by_every_scheme(name: str) -> None:
    x = drawn(VeSde(sigma_max=20.0), SCHEMES[name], 2000, n=10_000)
    assert float(x.mean()) == pytest.approx(2.0, abs=0.1)
    assert float(x.std()) == pytest.approx(0.5, abs=0.06)


def test_a_hundred_steps_of_vp_come_near() -> None:
    x = drawn(VpSde(), SCHEMES["ancestral"], 100)
    assert float(x.mean()) == pytest.approx(2.0, abs=0.03)
    assert float(x.std()) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("sde", [VpSde(), SubVpSde(), VeSde()], ids=lambda sde: type(sde).__name__)
def test_predictors_agree_in_short_steps(sde: Sde) -> None:
    t, earlier = torch.tensor(0.5, dtype=torch.float64), torch.tensor(0.5 - 1e-5, dtype=torch.float64)
    x = torch.tensor([[0.7], [-1.2]], dtype=torch.float64)
    score = exact(x, sde.noise(t))
    moves = [
        PREDICTORS[name](sde, score, x, t, earlier) for name in ("reverse_diffusion", "euler_maruyama", "ancestral")
    ]
    for move in moves[1:]:
        torch.testing.assert_close(move.mean - x, moves[0].mean - x, rtol=1e-3, atol=1e-9)
        torch.testing.assert_close(move.std, moves[0].std, rtol=1e-3, atol=0.0)


def test_ancestral_steps_are_those_of_ddpm_and_ncsn() -> None:
    t, earlier, x, score = torch.tensor(0.5), torch.tensor(0.45), torch.tensor([[0.3]]), torch.tensor([[-1.1]])
    vp = VpSde()
    beta = 1 - torch.exp(vp.summed(earlier) - vp.summed(t))
    move = PREDICTORS["ancestral"](vp, score, x, t, earlier)
    torch.testing.assert_close(move.mean, (x + beta * score) / torch.sqrt(1 - beta))
    torch.testing.assert_close(move.std, torch.sqrt(beta))
    ve = VeSde()
    now, before = ve.noise(t).std ** 2, ve.noise(earlier).std ** 2
    move = PREDICTORS["ancestral"](ve, score, x, t, earlier)
    torch.testing.assert_close(move.mean, x + (now - before) * score)
    torch.testing.assert_close(move.std, torch.sqrt(before * (now - before) / now))


@pytest.mark.parametrize(("snr", "factor"), [(0.16, 1.0263), (0.5, 1.3333)])
def test_variance_of_langevin_dynamics_with_steps_of_one_length(snr: float, factor: float) -> None:
    """On N(0, v I), steps of the length that samples of it give settle at a variance of v / (1 - snr^2)."""
    generator, variance = torch.Generator().manual_seed(0), 4.0
    x = math.sqrt(variance) * torch.randn(500, 64, generator=generator)
    std = langevin(-x / variance, x, torch.randn(x.shape, generator=generator), snr, torch.ones(())).std
    for _ in range(150):
        x = x - std**2 / 2 * x / variance + std * torch.randn(x.shape, generator=generator)
    assert float(x.var()) == pytest.approx(variance * factor, rel=0.02)


@pytest.mark.parametrize("snr", [0.16, 0.5])
def test_variance_of_langevin_dynamics_with_its_own_lengths(snr: float) -> None:
    """A larger variance has larger scores and so shorter steps: they settle at v (1 + snr^2)."""
    generator, variance = torch.Generator().manual_seed(0), 4.0
    x = math.sqrt(variance) * torch.randn(500, 64, generator=generator)
    for _ in range(150):
        z = torch.randn(x.shape, generator=generator)
        x = langevin(-x / variance, x, z, snr, torch.ones(())).drawn(z)
    assert float(x.var()) == pytest.approx(variance * (1 + snr**2), rel=0.02)


def test_lengths_of_the_corrector_in_the_paper_and_in_the_code() -> None:
    t, passed, vp = torch.tensor(0.5), torch.tensor(0.01), VpSde()
    paper, released = (Corrector(0.1, length).alpha(vp, t, passed) for length in ("paper", "released"))
    assert float(paper) == pytest.approx(math.exp(-2.5375), rel=1e-5)
    keep, _ = vp.transition(t - passed, t)
    assert float(released) == pytest.approx(float(keep**2), rel=1e-5)
    for length in ("paper", "released"):
        assert float(Corrector(0.1, length).alpha(VeSde(), t, passed)) == 1.0
        assert 0 < float(Corrector(0.1, length).alpha(SubVpSde(), t, passed)) < 1


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("evaluations", [10, 11])
def test_evaluations_are_never_exceeded_and_at_most_one_is_left(name: str, evaluations: int) -> None:
    calls = 0

    def counted(x: Tensor, noise: Noise) -> Tensor:
        nonlocal calls
        calls += 1
        return exact(x, noise)

    generator = torch.Generator().manual_seed(0)
    sample_on_grid(VeSde(), counted, (5, 1), SCHEMES[name], CORRECTOR, Sampling(name, evaluations, generator))
    assert evaluations - 1 <= calls <= evaluations


def test_fewer_evaluations_than_a_step_needs_are_refused() -> None:
    sampling = Sampling("predictor_corrector", 1, torch.Generator())
    with pytest.raises(ValueError, match="predictor_corrector needs at least 2 evaluations"):
        sample_on_grid(VpSde(), exact, (5, 1), SCHEMES["predictor_corrector"], CORRECTOR, sampling)


def test_the_orders_of_predictor_and_corrector_differ() -> None:
    samples = [drawn(VeSde(), SCHEMES[name], 20, n=50) for name in ("predictor_corrector", "corrector_predictor")]
    assert not torch.equal(*samples)


def test_leaving_out_the_last_noise_changes_nothing_else() -> None:
    sde = VeSde(sigma_max=2.0)
    noisy, clean = (drawn(sde, SCHEMES[name], 50, n=50_000) for name in ("noisy_end", "reverse_diffusion"))
    std = sde.transition(torch.tensor(sde.end), torch.tensor(1 / 50)).std
    assert float((noisy - clean).std()) == pytest.approx(float(std), rel=0.05)


def test_known_values_are_kept_at_every_step() -> None:
    seen = []

    def constraint(x: Tensor, noise: Noise) -> Tensor:
        seen.append(float(noise.std))
        x = x.clone()
        x[:, 0] = noise.scale * 7.0
        return x

    generator = torch.Generator().manual_seed(0)
    sampling = Sampling("", 30, generator, constraint)
    x = sample_on_grid(VpSde(), exact, (20, 2), SCHEMES["predictor_corrector"], CORRECTOR, sampling)
    assert len(seen) == 30
    assert all(earlier >= later for earlier, later in itertools.pairwise(seen))
    torch.testing.assert_close(x[:, 0], torch.full((20,), 7.0), rtol=1e-3, atol=0.0)
