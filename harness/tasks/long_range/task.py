"""The protocol of the task: how a classifier of sequences, and its attention alone, is scored."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from harness.core.task import Problem, Score, Task, checked
from harness.run import Run
from harness.tasks.long_range.data import make
from harness.tasks.long_range.interface import SequenceClassifier
from harness.tasks.long_range.problems.sequences import Sequences, Swap
from harness.tasks.long_range.scores.approximation import Estimation, estimation_errors
from harness.tasks.long_range.scores.scaling import Scaling, step_costs
from harness.tasks.long_range.scores.swap import stage_scores

Split: TypeAlias = Sequences | Swap | Scaling | Estimation


class LongRange(Task[SequenceClassifier]):
    """Classify long sequences; and, without training, cost by length and error by number of features."""

    def problem(self, case: str, run: Run) -> Problem:
        """Labelled sequences in three splits; or queries, keys and values for timing or estimating attention."""
        return make(case, run, self.card.version)

    def measure(self, system: SequenceClassifier, split: Split, run: Run) -> Iterator[Score]:
        """The accuracy, by stage where the attention is swapped; or time and memory of a pass; or the errors of an
        estimate."""
        if isinstance(split, Scaling):
            yield from step_costs(system, split, run)
        elif isinstance(split, Estimation):
            yield from estimation_errors(system, split, run)
        elif isinstance(split, Swap):
            yield from stage_scores(system, split, run)
        else:
            correct = _logits(system, split, np.arange(len(split.labels))).argmax(axis=1) == split.labels
            n = len(correct)
            yield Score("accuracy", float(correct.mean()), n, n, items=correct.astype(np.float64))

    def answers(self, system: SequenceClassifier, split: Split, picks: np.ndarray) -> np.ndarray | None:
        """F32[n classes]: the logits of the picked sequences. None where nothing is classified."""
        split = split.sequences if isinstance(split, Swap) else split
        return _logits(system, split, picks) if isinstance(split, Sequences) else None


def _logits(system: SequenceClassifier, split: Sequences, picks: np.ndarray) -> np.ndarray:
    tokens, keep = split.tokens[picks].astype(np.int64), split.keep[picks]
    return checked("logits", system.logits(tokens, keep), (len(picks), split.classes))
