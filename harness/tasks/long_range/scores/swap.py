"""The swap: a classifier that learned with exact softmax attention gets another attention in its place."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from harness.core.task import Score, checked
from harness.core.training import seeded
from harness.run import Run
from harness.tasks.long_range.interface import SequenceClassifier
from harness.tasks.long_range.problems.sequences import Swap
from harness.tasks.long_range.training.original import exact_classifier


def stage_scores(system: SequenceClassifier, case: Swap, run: Run) -> Iterator[Score]:
    """Accuracy by stage, of the original, of the system in its place (`swapped`), and after training (`tuned`); and how
    much less the latter two are."""
    with seeded(run):
        original = exact_classifier(case.sequences, run)
    original.start_from(case.weights)
    asked = case.sequences.tokens.astype(np.int64), case.sequences.keep
    shape = len(asked[0]), case.sequences.classes
    before: np.ndarray | None = None
    for stage, ask in (("original", original.answers), ("swapped", system.swapped_logits), ("tuned", system.logits)):
        right = (checked(ask.__name__, ask(*asked), shape).argmax(axis=1) == case.sequences.labels).astype(np.float64)
        score = partial(Score, n_used=len(right), n_expected=len(right), at={"stage": stage})
        yield score("accuracy", float(right.mean()), items=right)
        if before is None:
            before = right
        else:
            lost = before - right
            yield score("lost_accuracy", float(lost.mean()), items=lost)
