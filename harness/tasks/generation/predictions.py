"""Generated images: a folder of PNG files, or an array."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.core.card import Case
from harness.core.predictions import Answer, InOrder, PredictionFormat, Replay, values_of
from harness.core.task import Problem
from harness.formats.arrays import written_arrays
from harness.formats.pixels import ARRAY, read_pixels
from harness.run import Run
from harness.tasks.generation.interface import ImageGenerator, Samples
from harness.tasks.generation.problems.images import Images, quantised

FILE = "npz"
_WHITE = 255
_COSTS = "images do not say what they cost"


class GeneratedImages(PredictionFormat):
    """As many images as the setting `samples` says, of the size of those that are learned from, white at 255."""

    methods = ("generate",)
    silent: ClassVar[Mapping[str, str]] = {
        "evaluations": _COSTS,
        "seconds_per_image": _COSTS,
        "outside": "images do not say what was clipped",
    }

    def refusal(self, case: Case) -> str:
        """One case is about samplers."""
        return "it samples where the score is known, and no image is generated" if case.needs == "solve" else ""

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """The images that are learned from."""
        yield "learned.npz", written_arrays({ARRAY: _shown(problem.train.pixels, problem.train.levels)})

    def guesses(self, problem: Problem) -> list[Answer]:
        """Black images."""
        values = np.zeros((self.settings["samples"], *problem.train.shape), np.float32)
        return [Answer("generate", (), Samples(values, 0.0))]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """The images of the entrant's own sampler."""
        (samples,) = values_of(answers, "generate")
        levels = problem.test.real.levels
        return {FILE: written_arrays({ARRAY: _shown(quantised(samples.values, levels), levels)})}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The images in a folder or a file; none may be missing."""
        real: Images = problem.test.real
        shown = read_pixels(path, self.settings["samples"], real.shape)
        levels = np.rint(shown.astype(np.float32) * (real.levels - 1) / _WHITE)
        return Replay(GeneratedBefore((levels + 0.5) / real.levels), problem.test)


class GeneratedBefore(ImageGenerator):
    """Gives images F32[n h w c] that were generated elsewhere."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = InOrder(values)

    def fit(self, images: Images, run: Run, /) -> None:
        """Nothing is left to learn."""

    def generate(self, n: int, run: Run) -> Samples:
        """The next images."""
        return Samples(self._values.take(n), 0.0)


def _shown(pixels: np.ndarray, levels: int) -> np.ndarray:
    """U8[n h w c]: images with so many grey levels, white at 255."""
    return np.rint(pixels.astype(np.float32) * _WHITE / (levels - 1)).astype(np.uint8)
