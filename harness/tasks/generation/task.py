"""The protocol of the task: how a generator of images, and its samplers alone, are scored."""

import io
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import numpy as np

from harness.core.task import Problem, Score, Task
from harness.data.fetch import status
from harness.run import Run
from harness.tasks.generation.data import make
from harness.tasks.generation.interface import ImageGenerator
from harness.tasks.generation.problems.images import Images
from harness.tasks.generation.problems.target import ExactTarget, Target
from harness.tasks.generation.scores.control import controlled, likelihood
from harness.tasks.generation.scores.features import ClassifierExtractor, InceptionExtractor
from harness.tasks.generation.scores.quality import image_scores, inception_distances
from harness.tasks.generation.scores.samplers import compared_samplers, exact_samplers

Split: TypeAlias = Target | ExactTarget

KEPT: Final = 40
"""The number of images that are kept in the file `samples.npz`."""
WHITE: Final = 255


class Generation(Task[ImageGenerator]):
    """Generate images like those that were learned from; and, without training, sample where the score is known."""

    def problem(self, case: str, run: Run) -> Problem:
        """Images in three splits; or a mixture of Gaussians."""
        return make(self.card.find_case(case), run)

    def measure(self, system: ImageGenerator, split: Split, run: Run) -> Iterator[Score]:
        """The quality of generated images and, on the test split, samplers, likelihood and control; or how close each
        sampler comes to a known distribution. Some images are kept as a file."""
        if isinstance(split, ExactTarget):
            yield from exact_samplers(system, split.mixture, run)
            return
        extractor, settings = ClassifierExtractor(split.learned, run), run.settings
        real = extractor.features(split.real)
        images, scores = image_scores(system, split, real, extractor, run)
        yield from scores
        if not split.thorough:
            return
        if settings["inception"] and status("inception-2015") != "absent":
            field = InceptionExtractor(split.real.levels, run)
            yield from inception_distances(field.features(images), field.features(split.real))
        kept = {"generated": images}
        if settings["compared_samples"] and "generate_by" in system.capabilities():
            yield from compared_samplers(system, split, real, extractor, run)
        yield from likelihood(system, split, run)
        if settings["controlled_items"] and "of_classes" in system.capabilities():
            more, kept["by class"], kept["lower half"] = controlled(system, split, extractor, run)
            yield from more
        run.keep("samples.npz", _packed(kept))


def _packed(images: Mapping[str, Images]) -> bytes:
    file = io.BytesIO()
    arrays = {name: _shown(some) for name, some in images.items()}
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _shown(images: Images) -> np.ndarray:
    """U8[n h w] or U8[n h w 3]: the first images, white at 255."""
    pixels = images.pixels[:KEPT].astype(np.uint16) * WHITE // (images.levels - 1)
    return (pixels[..., 0] if images.shape[2] == 1 else pixels).astype(np.uint8)
