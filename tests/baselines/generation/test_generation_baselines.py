"""DDPM and NCSN on a distribution whose score is known; the GAN's size; rows of chance and ceiling."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.generation.ddpm import Ddpm
from baselines.generation.gan import Gan, Generator
from baselines.generation.ncsn import Ncsn
from baselines.generation.references import GaussianImages, NoiseImages, TrainingImages
from generated import make_run, random_images
from harness.core.card import read_card
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.generation import Images, Noise, Process, Sampling, network_weights

CARD = read_card(HARNESS / "tasks" / "generation" / "task.toml")
MEAN, STD = 2.0, 0.5


@pytest.fixture
def handle(tmp_path: Path) -> Callable[..., Run]:
    return partial(make_run, tmp_path)


@pytest.fixture
def images() -> Images:
    return random_images()


def exact(x: Tensor, noise: Noise) -> Tensor:
    level = noise.over(x)
    return -(x - level.scale * MEAN) / ((level.scale * STD) ** 2 + level.std**2)


def drawn(process: Process, evaluations: int, n: int = 20_000) -> Tensor:
    sampling = Sampling(process.sampler, evaluations, torch.Generator().manual_seed(0))
    return process.sample(exact, (n, 1), sampling)


@pytest.mark.parametrize("case", ["clothes", "clothes_mlp", "mixture"])
def test_evaluations_suffice_for_all_numbers_of_levels_that_tuning_chooses_among(case: str) -> None:
    settings = CARD.resolve("small", case).settings
    fewest = min([settings["evaluations"], *settings["compared_evaluations"]])
    # The last step, which removes noise, is an evaluation, too.
    assert max(Ncsn.search_space["levels"]) < fewest


@pytest.mark.parametrize("variance", ["upper", "lower"])
def test_ddpm_samples_a_normal_distribution(variance: str) -> None:
    x = drawn(Ddpm(variance=variance).build(1.0), 1000)
    assert float(x.mean()) == pytest.approx(2.0, abs=0.02)
    assert float(x.std()) == pytest.approx(0.5, abs=0.01)


def test_ddpm_keeps_as_much_of_an_image_as_published() -> None:
    kept = Ddpm().build(1.0).kept
    assert float(kept[0]) == pytest.approx(1 - 1e-4)
    assert float(kept[-1].sqrt()) == pytest.approx(0.00635282, rel=1e-5)
    noise, weight = Ddpm().build(1.0).draw(1000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(noise.scale**2 + noise.std**2, torch.ones(1000))
    assert (weight == 1).all()


def test_ddpm_skips_steps_evenly_and_keeps_the_noisiest() -> None:
    seen = []

    def spy(x: Tensor, noise: Noise) -> Tensor:
        seen.append(float(noise.scale))
        return exact(x, noise)

    process = Ddpm().build(1.0)
    process.sample(spy, (10, 1), Sampling("ancestral", 20, torch.Generator().manual_seed(0)))
    assert len(seen) == 20
    assert seen[0] == pytest.approx(0.00635282, rel=1e-4)
    assert seen[-1] == pytest.approx((1 - 1e-4) ** 0.5, rel=1e-5)
    assert seen == sorted(seen)


def test_ncsn_samples_a_normal_distribution() -> None:
    x = drawn(Ncsn(levels=20, sigma_max=10.0, step=0.2).build(1.0), 2001, n=10_000)
    assert float(x.mean()) == pytest.approx(2.0, abs=0.05)
    assert float(x.std()) == pytest.approx(0.5, abs=0.05)


def test_ncsn_levels_are_geometric_from_the_largest_distance() -> None:
    sigmas = Ncsn(levels=3).build(9.0).sigmas
    torch.testing.assert_close(sigmas, torch.tensor([9.0, 0.3, 0.01]))


def test_ncsn_needs_an_evaluation_a_level_and_a_last_one() -> None:
    with pytest.raises(ValueError, match="10 noise levels need at least 11 evaluations"):
        drawn(Ncsn().build(9.0), 10)


@pytest.mark.parametrize("entrant", [Ddpm(), Ncsn()])
def test_a_sampler_that_there_is_not_is_refused(entrant: Ddpm | Ncsn) -> None:
    with pytest.raises(KeyError):
        entrant.build(1.0).sample(exact, (2, 1), Sampling("other", 20, torch.Generator()))


def test_gan_has_as_many_weights_as_the_task_s_network(handle: Callable[..., Run], images: Images) -> None:
    run = handle(width=32)
    gan = Gan()
    gan.fit(images, run)
    limit = network_weights(images.shape, run.settings)
    width = gan._widest(images.shape, limit)
    assert gan.generator.width == 4 * width
    assert run.spent == run.budget.total
    samples = gan.generate(7, run)
    assert samples.values.shape == (7, 8, 8, 1)
    assert samples.evaluations == 1
    assert 0 <= samples.values.min() <= samples.values.max() <= 1


@pytest.mark.parametrize("shape", [(8, 8, 1), (14, 14, 1), (28, 28, 1), (32, 32, 3)])
def test_gan_fits_images_of_every_tier(shape: tuple[int, int, int]) -> None:
    output = Generator(shape, 4, 16)(torch.randn(5, 16))
    assert output.shape == (5, shape[2], *shape[:2])


def test_references_measure_what_they_say(handle: Callable[..., Run], images: Images) -> None:
    run = handle()
    noise, gaussian, training = NoiseImages(), GaussianImages(), TrainingImages()
    for entrant in (noise, gaussian, training):
        entrant.fit(images, run)
    assert noise.generate(2000, run).values.mean() == pytest.approx(0.5, abs=0.01)
    values = gaussian.generate(20_000, run).values.reshape(20_000, -1)
    real = (images.pixels.reshape(100, -1) + 0.5) / 17
    np.testing.assert_allclose(values.mean(axis=0), real.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(np.cov(values.T), np.cov(real.T), atol=0.01)
    drawn_images = np.floor(training.generate(100, run).values * 17).astype(np.uint8)
    assert {image.tobytes() for image in drawn_images} == {image.tobytes() for image in images.pixels}
    with pytest.raises(ValueError, match="101 images are asked for, but there are only 100"):
        training.generate(101, run)
