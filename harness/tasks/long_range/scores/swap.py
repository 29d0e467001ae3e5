"""The swap: the softmax attention of a trained classifier is replaced by another attention."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from harness.core.task import Score, checked
from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.long_range.interface import SequenceClassifier
from harness.tasks.long_range.problems.sequences import Swap
from harness.tasks.long_range.training.original import exact_classifier


def stage_scores(system: SequenceClassifier, case: Swap, run: Run) -> Iterator[Score]:
    """The accuracy by stage: of the original, of the entrant's attention in its place (`swapped`), and after further
    training (`tuned`); and for the latter two the loss in accuracy against the original."""
    with seeded(run):
        original = exact_classifier(case.sequences, run)
    original.start_from(case.weights)
    inputs = case.sequences.tokens.astype(np.int64), case.sequences.keep
    shape = len(inputs[0]), case.sequences.classes
    before: np.ndarray | None = None
    for stage, name, classify in (
        ("original", "answers", original.answers),
        ("swapped", "swapped_logits", system.swapped_logits),
        ("tuned", "logits", system.logits),
    ):
        logits = checked(name, classify(*inputs), shape)
        correct = (logits.argmax(axis=1) == case.sequences.labels).astype(np.float64)
        score = partial(Score, n_used=len(correct), n_expected=len(correct), at={"stage": stage})
        yield score("accuracy", float(correct.mean()), items=correct)
        if before is None:
            before = correct
        else:
            lost = before - correct
            yield score("lost_accuracy", float(lost.mean()), items=lost)
