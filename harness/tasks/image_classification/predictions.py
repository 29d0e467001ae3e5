"""Predictions of image classification: logits, or labels alone, by number of image."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.core.card import Case
from harness.core.predictions import Answer, InOrder, PredictionFormat, Replay, values_of
from harness.core.task import Problem
from harness.formats.arrays import written_arrays
from harness.formats.classes import read_classes
from harness.run import Run
from harness.tasks.image_classification.interface import ImageClassifier
from harness.tasks.image_classification.problems.images import Images, Resolutions

FILE = "npz"
_STAGES = ("low_logits", "resized_logits", "logits")


class ImagePredictions(PredictionFormat):
    """Logits or labels of the test images; where images change in size, logits of each stage."""

    methods = _STAGES

    def refusal(self, case: Case) -> str:
        """The case `cost` is about speed."""
        return "it times models" if case.needs == "model" else ""

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """The images, U8[n h w c]."""
        arrays = {"images": _asked(problem)["logits"].pixels}
        if isinstance(problem.test, Resolutions):
            arrays["low_images"] = problem.test.low.pixels
        yield "images.npz", written_arrays(arrays)

    def guesses(self, problem: Problem) -> list[Answer]:
        """Logits of 0."""
        return [
            Answer(query, (), np.zeros((len(images.labels), images.classes), np.float32))
            for query, images in _asked(problem).items()
        ]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """The logits of each query."""
        return {FILE: written_arrays({query: np.concatenate(values_of(answers, query)) for query in _asked(problem)})}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The logits or labels in a file."""
        asked = _asked(problem)
        images = asked["logits"]
        read = read_classes(path, list(asked), len(images.labels), images.classes, allow_missing=allow_missing)
        lacks = "labels do not say how certain they are"
        silent = {"nll": lacks, "calibration_error": lacks} if read.only_labels else {}
        if len(read.rows) == len(images.labels):
            return Replay(ClassifiedBefore(read.logits), problem.test, silent)
        fillers = {query: np.zeros((len(images.labels), images.classes)) for query in asked}
        whole = Replay(ClassifiedBefore(fillers), problem.test)
        part, missing = _selected(problem.test, read.rows), len(images.labels) - len(read.rows)
        return Replay(ClassifiedBefore(read.logits), part, silent, missing, whole)


class ClassifiedBefore(ImageClassifier):
    """Answers with logits that were computed elsewhere, by query."""

    def __init__(self, logits: Mapping[str, np.ndarray]) -> None:
        self._answers = {query: InOrder(array) for query, array in logits.items()}

    def fit(self, images: Images, run: Run, /) -> None:
        """Nothing is left to learn."""

    def logits(self, images: np.ndarray) -> np.ndarray:
        """The logits of the next images."""
        return self._answers["logits"].take(len(images))

    def low_logits(self, images: np.ndarray) -> np.ndarray:
        """The logits of the next low images."""
        return self._answers["low_logits"].take(len(images))

    def resized_logits(self, images: np.ndarray) -> np.ndarray:
        """The logits of the next high images, before one was learned from."""
        return self._answers["resized_logits"].take(len(images))


def _asked(problem: Problem) -> dict[str, Images]:
    """The images by the query that classifies them."""
    test = problem.test
    if isinstance(test, Resolutions):
        return dict(zip(_STAGES, (test.low, test.high, test.high), strict=True))
    return {"logits": test}


def _selected(test: Images | Resolutions, rows: np.ndarray) -> Images | Resolutions:
    if isinstance(test, Resolutions):
        return Resolutions(test.low.select(rows), test.high.select(rows))
    return test.select(rows)
