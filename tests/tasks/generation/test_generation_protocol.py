"""The protocol: what is measured, on what, and what becomes of images that cannot be scored."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.core.card import read_card
from harness.core.errors import BadOutput, Diverged
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.generation import Drawn, ImageGenerator, Images, Noise, Process, Samples, Sampling, ScoreModel
from harness.tasks.generation.problems.images import dequantised, quantised
from harness.tasks.generation.problems.mixture import Mixture
from harness.tasks.generation.problems.noise import ScoreFunction
from harness.tasks.generation.problems.splits import splits
from harness.tasks.generation.scores.features import ClassifierExtractor
from harness.tasks.generation.task import Generation

TASK = Generation(read_card(HARNESS / "tasks" / "generation" / "task.toml"))
Handle = Callable[..., Run]


class Walk(Process):
    """One noise level, and a walk of steps along the score."""

    low, sampler, samplers = -1.0, "walk", ("walk", "stay")

    def draw(self, n: int, generator: torch.Generator) -> Drawn:
        return Drawn(Noise(torch.ones(n), torch.full((n,), 0.5)), torch.ones(n))

    def sample(self, score: ScoreFunction, shape: tuple[int, ...], sampling: Sampling) -> Tensor:
        x, noise = sampling.normal(shape), Noise(torch.ones(()), torch.tensor(0.5))
        for _ in range(sampling.evaluations if sampling.sampler == "walk" else 0):
            x = sampling.constrained(x + 0.05 * score(x, noise), noise)
        return x


class Walker(ScoreModel):
    name = "walker"

    def build(self, largest_distance: float) -> Process:
        return Walk()


class Fixed(ImageGenerator):
    """Gives what it is told to give."""

    name = "fixed"

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def fit(self, images: Images, run: Run, /) -> None:
        pass

    def generate(self, n: int, run: Run) -> Samples:
        return Samples(self.values[:n], 3)


@pytest.fixture(scope="module")
def walked(smoke: Handle) -> tuple[Walker, object, Run]:
    run = smoke()
    problem = TASK.problem("digits", run)
    walker = Walker()
    walker.fit(problem.train, run)
    return walker, problem, run


def scores(system: ImageGenerator, split: object, run: Run) -> dict[tuple[str, tuple[tuple[str, object], ...]], float]:
    found = {}
    for score in TASK.measure(system, split, run.for_measuring()):
        found[score.metric, tuple(score.at.items())] = score.value
    return found


def test_an_evaluation_leaves_no_trace(walked: tuple[Walker, object, Run]) -> None:
    walker, problem, run = walked
    first, second = (scores(walker, problem.test, run) for _ in range(2))
    timeless = [key for key in first if key[0] != "seconds_per_image"]
    assert [first[key] for key in timeless] == [second[key] for key in timeless]


def test_the_budget_is_spent_to_the_last_batch(walked: tuple[Walker, object, Run]) -> None:
    assert walked[2].spent == walked[2].budget.total


def test_samplers_are_compared_with_the_first_one(walked: tuple[Walker, object, Run]) -> None:
    walker, problem, run = walked
    found = scores(walker, problem.test, run)
    at = {name: (("sampler", name), ("evaluations", 12.0)) for name in ("walk", "stay")}
    assert found["relative_ffd", at["walk"]] == 1
    ratio = found["sampler_ffd", at["stay"]] / found["sampler_ffd", at["walk"]]
    assert found["relative_ffd", at["stay"]] == pytest.approx(ratio)
    assert found["evaluations", ()] == 12


def test_validation_is_of_quality_alone_and_keeps_nothing(smoke: Handle, walked: tuple[Walker, object, Run]) -> None:
    walker, problem, _ = walked
    run = smoke()
    found = scores(walker, problem.valid, run)
    assert {metric for metric, _ in found} <= {
        "ffd",
        "ffd_floor",
        "kernel_distance",
        "classifier_score",
        "precision",
    } | {
        "ffd_over_chance",
        "recall",
        "coverage",
        "evaluations",
        "seconds_per_image",
        "outside",
        "contrast",
        "classifier_accuracy",
    }
    assert not run.kept


def test_some_images_are_kept(smoke: Handle, walked: tuple[Walker, object, Run]) -> None:
    walker, problem, _ = walked
    run = smoke()
    scores(walker, problem.test, run)
    kept = np.load(io.BytesIO(run.kept["samples.npz"]), allow_pickle=False)
    assert set(kept.files) == {"generated", "by class", "lower half"}
    assert all(kept[name].dtype == np.uint8 and kept[name].shape[1:] == (8, 8) for name in kept.files)
    assert int(kept["lower half"].max()) == 255


def test_known_pixels_are_kept_to_the_bit(walked: tuple[Walker, object, Run]) -> None:
    walker, problem, run = walked
    images = problem.test.unseen.select(np.arange(5))
    known = np.zeros((8, 8), dtype=np.bool_)
    known[:4] = True
    filled = quantised(walker.inpaint(images, known, run).values, images.levels)
    assert np.array_equal(filled[:, :4], images.pixels[:, :4])
    assert not np.array_equal(filled[:, 4:], images.pixels[:, 4:])


def test_a_guide_moves_images_by_its_gradient(walked: tuple[Walker, object, Run]) -> None:
    walker, _, run = walked

    def brighter(brightness: Tensor, sigma: Tensor, labels: Tensor) -> Tensor:
        return (labels[:, None, None, None] * brightness).flatten(1).sum(dim=1) * 10

    dark, bright = (walker.of_classes(np.full(6, label), brighter, run).values.mean() for label in (0, 1))
    free = walker.generate(6, run).values.mean()
    assert dark == pytest.approx(free, abs=1e-5)
    # Twelve steps of 0.05 along a gradient of 10 / 2 each, halved again as brightness.
    assert bright - free > 0.5


def test_images_are_the_same_in_batches_of_any_size(smoke: Handle, walked: tuple[Walker, object, Run]) -> None:
    walker, _, _ = walked
    whole, parts = (walker.generate(10, smoke(sample_batch=batch)).values for batch in (10, 4))
    np.testing.assert_allclose(whole[:4], parts[:4], atol=1e-5)
    assert whole.shape == parts.shape == (10, 8, 8, 1)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (
            np.zeros((80, 8, 8)),
            BadOutput,
            r"returned shape \(80, 8, 8\), the task needs floating-point numbers of shape \(80 x 8 x 8 x 1\)",
        ),
        (np.zeros((79, 8, 8, 1)), BadOutput, "returned shape"),
        (np.zeros((80, 8, 8, 1), dtype=np.uint8), BadOutput, "dtype uint8"),
        (np.full((80, 8, 8, 1), np.nan, dtype=np.float32), Diverged, "5120 values of 80 generated images"),
    ],
)
def test_what_is_no_image_is_refused(
    walked: tuple[Walker, object, Run], values: np.ndarray, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        scores(Fixed(values), walked[1].valid, walked[2])


def test_constant_images_are_scored(walked: tuple[Walker, object, Run]) -> None:
    found = scores(Fixed(np.full((80, 8, 8, 1), 2.0, dtype=np.float32)), walked[1].valid, walked[2])
    assert np.isfinite(list(found.values())).all()
    assert found["outside", ()] == 1
    assert found["contrast", ()] == 0
    assert found["classifier_score", ()] == pytest.approx(1)


def test_fewer_images_than_features_are_refused(smoke: Handle) -> None:
    with pytest.raises(ValueError, match="16 images are too few for a Frechet distance over 16 features"):
        TASK.problem("digits", smoke(samples=16))


def test_no_image_of_a_partial_batch_is_dropped(smoke: Handle, walked: tuple[Walker, object, Run]) -> None:
    extractor = ClassifierExtractor(walked[1].train, smoke())
    images = walked[1].train.select(np.arange(503))
    features = extractor.features(images)
    assert features.features.shape == (503, 16)
    last = extractor.features(images.select(np.arange(500, 503)))
    np.testing.assert_allclose(features.features[500:], last.features, rtol=1e-4, atol=1e-6)


def test_the_extractor_is_in_evaluation_mode_and_takes_bytes(smoke: Handle, walked: tuple[Walker, object, Run]) -> None:
    extractor = ClassifierExtractor(walked[1].train, smoke())
    assert not any(module.training for module in extractor.network.modules())
    with pytest.raises(ValueError, match="images must be U8"):
        Images(np.zeros((3, 8, 8, 1), dtype=np.float32), np.zeros(3, dtype=np.int64), 10)
    with pytest.raises(ValueError, match="a pixel is 17, but pixels must be below 17"):
        Images(np.full((3, 8, 8, 1), 17, dtype=np.uint8), np.zeros(3, dtype=np.int64), 10, 17)
    with pytest.raises(ValueError, match="3 images have 2 labels"):
        Images(np.zeros((3, 8, 8, 1), dtype=np.uint8), np.zeros(2, dtype=np.int64), 10)


def test_cutting_to_grey_levels_undoes_uniform_noise() -> None:
    pixels = np.random.default_rng(0).integers(17, size=(50, 8, 8, 1), dtype=np.uint8)
    brightness = Images(pixels, np.zeros(50, dtype=np.int64), 10, 17).brightness
    values = dequantised(brightness, 17, torch.Generator().manual_seed(0)).permute(0, 2, 3, 1)
    assert float(values.min()) >= 0
    assert float(values.max()) < 1
    assert np.array_equal(quantised(values.numpy(), 17), pixels)
    assert quantised(np.array([-1.0, 0.0, 0.999, 1.0, 7.0]), 256).tolist() == [0, 0, 255, 255, 255]


def test_splits_are_disjoint_and_the_same_for_all_seeds(smoke: Handle) -> None:
    first, other = (TASK.problem("digits", smoke(seed=seed)) for seed in (0, 1))
    assert first.produced == other.produced
    train, test = splits("digits", 8)
    assert (len(train), len(test)) == (1500, 297)
    assert len(first.train) + len(first.valid.real) == 1500
    parts = (first.train, first.valid.real, test)
    assert len({image.tobytes() for part in parts for image in part.pixels}) == 1797
    assert np.array_equal(first.test.real.pixels, first.train.pixels)


def test_shrunk_images_are_means_over_areas() -> None:
    pixels = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    small = Images(pixels, np.zeros(1, dtype=np.int64), 10).shrunk(2).pixels[0, ..., 0]
    assert small.tolist() == [[2, 4], [10, 12]]


def test_score_of_a_mixture_is_the_gradient_of_its_log_density() -> None:
    mixture = Mixture.drawn(3, 2, 0.4, np.random.default_rng(0))
    points = mixture.sample(20, np.random.default_rng(1))
    noise = Noise(torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64))
    score, h = mixture.score(torch.tensor(points), noise).numpy(), 1e-6
    for axis in range(2):
        shift = h * np.eye(2)[axis]
        slope = (mixture.log_density(points + shift) - mixture.log_density(points - shift)) / (2 * h)
        np.testing.assert_allclose(score[:, axis], slope, rtol=1e-5, atol=1e-6)


def test_density_of_a_mixture_is_that_of_its_parts() -> None:
    mixture = Mixture(np.array([[0.0], [2.0]]), 0.5)
    expected = 0.5 * (np.exp(-(0.3**2) / 0.5) + np.exp(-(1.7**2) / 0.5)) / (0.5 * np.sqrt(2 * np.pi))
    assert mixture.log_density(np.array([[0.3]]))[0] == pytest.approx(np.log(expected))


def test_the_seed_draws_the_mixture(smoke: Handle) -> None:
    first, again, other = (TASK.problem("mixture", smoke("mixture", seed)).produced for seed in (0, 0, 1))
    assert first == again != other
