"""Score SDEs as entrants: what they train on, which samplers they have, and bits per dimension."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from generated import make_run, random_images
from harness.core.errors import BadOutput
from harness.run import Run
from harness.tasks.generation import Images, Noise
from harness.tasks.generation.training import denoising
from methods.score_sde.score_sde import ScoreSde, SubVpScoreSde, VeScoreSde, VpScoreSde, bits_per_dimension
from methods.score_sde.sde import LEAST_TIME, VpSde

ENTRANTS = [VpScoreSde, SubVpScoreSde, VeScoreSde]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def handle(tmp_path: Path) -> Callable[..., Run]:
    return partial(make_run, tmp_path)


@pytest.fixture
def images() -> Images:
    return random_images()


@pytest.mark.parametrize(("low", "density"), [(-1.0, -math.log(2)), (0.0, 0.0)])
def test_uniform_cubes_have_eight_bits_a_dimension(low: float, density: float) -> None:
    size = 12
    bits = bits_per_dimension(np.full(3, size * density), size, 256, low)
    np.testing.assert_allclose(bits, 8)
    np.testing.assert_allclose(bits_per_dimension(np.full(3, size * density), size, 17, low), math.log2(17))


@pytest.mark.parametrize("cls", ENTRANTS)
def test_tuning_chooses_among_samplers_that_the_process_has(cls: type[ScoreSde]) -> None:
    process = cls().build(9.0)
    chosen = cls.search_space["sampler"]
    assert process.sampler in chosen
    assert set(chosen) <= set(process.samplers)


@pytest.mark.parametrize("cls", ENTRANTS)
def test_training_covers_all_times_with_equal_weights(cls: type[ScoreSde]) -> None:
    process = cls().build(9.0)
    noise, weight = process.draw(20_000, generator())
    assert (weight == 1).all()
    sde = cls().equation(9.0)
    ends = [sde.noise(torch.tensor(t)).std for t in (LEAST_TIME, 1.0)]
    assert ends[0] <= noise.std.min() < 1.01 * ends[0] + 0.02
    assert 0.99 * ends[1] < noise.std.max() <= ends[1]


def test_likelihood_weighting_is_by_the_squared_diffusion() -> None:
    noise, weight = VpScoreSde(weighting="likelihood").build(9.0).draw(1000, generator())
    t = LEAST_TIME + (1 - LEAST_TIME) * torch.rand(1000, generator=generator())
    torch.testing.assert_close(weight * noise.std**2, VpSde().diffusion(t) ** 2, rtol=1e-3, atol=0.0)


@pytest.mark.parametrize(("cls", "scale"), [(VpScoreSde, 1.0), (VeScoreSde, 1536.0)])
def test_loss_of_predicting_nothing(cls: type[ScoreSde], scale: float, handle: Callable[..., Run]) -> None:
    """Its mean is 1 for VP; half of its sum over an image of CIFAR-10, as VE's loss is written, 1,536."""

    class Nothing(torch.nn.Module):
        def forward(self, x: Tensor, noise: Noise) -> Tensor:
            return torch.zeros_like(x)

    pixels = torch.rand(64, 3, 32, 32, generator=generator())
    loss = denoising._loss(Nothing(), cls().build(50.0), pixels, handle())(torch.arange(64))
    half_of_sum = pixels[0].numel() / 2 if cls is VeScoreSde else 1
    assert float(loss) * half_of_sum == pytest.approx(scale, rel=0.02)


def test_the_paper_has_no_ancestral_sampling_for_sub_vp() -> None:
    assert "ancestral" in VpScoreSde().samplers()
    assert "ancestral" not in SubVpScoreSde().samplers()
    assert all(cls().samplers()[0] == "reverse_diffusion" for cls in ENTRANTS)


def test_the_largest_noise_of_ve_is_the_largest_distance() -> None:
    assert VeScoreSde().equation(9.0).prior_std == pytest.approx(9.0)
    assert VeScoreSde(sigma_max=50.0).equation(9.0).prior_std == pytest.approx(50.0)


@pytest.mark.parametrize("cls", ENTRANTS)
def test_bits_estimated_and_exact_agree_and_images_come_back(
    cls: type[ScoreSde], handle: Callable[..., Run], images: Images
) -> None:
    run, few = handle(bits_tolerance=1e-2), images.select(np.arange(2))
    entrant = cls()
    entrant.fit(images, run)
    estimates = np.mean([entrant.bits(few, run).mean() for _ in range(3)])
    entrant.divergence = "exact"
    exact = entrant.bits(few, handle(bits_tolerance=1e-2)).mean()
    assert 0 < exact < 20
    assert estimates == pytest.approx(exact, abs=1.5)
    decoded = entrant.round_trip(few, handle(bits_tolerance=1e-4))
    assert np.abs(decoded - (few.pixels + 0.5) / 17).max() < 0.02


def test_a_sampler_that_there_is_not_is_refused(handle: Callable[..., Run], images: Images) -> None:
    with pytest.raises(BadOutput, match="sampler 'ancestral', not of"):
        SubVpScoreSde(sampler="ancestral").fit(images, handle())
