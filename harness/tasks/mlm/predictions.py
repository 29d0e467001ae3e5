"""Predictions of masked pieces: the log-probabilities of all pieces at each masked token, by evaluation mask."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.core.card import Case
from harness.core.predictions import Answer, InOrder, PredictionFormat, Replay, values_of
from harness.core.task import Problem
from harness.formats.arrays import check_array, check_present, read_arrays, written_arrays
from harness.run import Run
from harness.tasks.mlm.interface import MaskedLanguageModel
from harness.tasks.mlm.problems.pieces import MASK
from harness.tasks.mlm.problems.text import HeldOut, MaskedBlocks, TrainingText

FILE = "npz"
_ELSEWHERE = "wikitext_"


class MaskedPredictions(PredictionFormat):
    """Log-probabilities at the masked tokens of the test split."""

    methods = ("log_probabilities",)

    def refusal(self, case: Case) -> str:
        """One case ranks n-grams."""
        return "it ranks n-grams, and nothing is predicted" if case.needs == "rank" else ""

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """The tokens of each mask, and the pieces that they number."""
        for name, blocks in _asked(problem.test).items():
            tokens = np.where(blocks.masked, MASK, blocks.tokens)
            yield f"{name}.npz", written_arrays({"tokens": tokens, "masked": blocks.masked})
        yield "pieces.txt", "".join(f"{name}\n" for name in problem.train.pieces.names).encode()

    def guesses(self, problem: Problem) -> list[Answer]:
        """The frequency of each piece in the training text."""
        log_p = problem.train.piece_log_p.astype(np.float32)
        return [
            Answer("log_probabilities", (), np.tile(log_p, (int(blocks.masked.sum()), 1)))
            for blocks in _asked(problem.test).values()
        ]

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """An array for each mask."""
        rows = InOrder(np.concatenate(values_of(answers, "log_probabilities")))
        asked = _asked(problem.test)
        return {FILE: written_arrays({name: rows.take(int(blocks.masked.sum())) for name, blocks in asked.items()})}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The log-probabilities in a file; none may be missing."""
        asked, pieces = _asked(problem.test), problem.test.vocabulary
        arrays = read_arrays(path, list(asked))
        check_present(path, arrays, list(asked))
        checked = [
            check_array(path, name, arrays[name], (int(blocks.masked.sum()), pieces), "f", "masked tokens x pieces")
            for name, blocks in asked.items()
        ]
        return Replay(PredictedBefore(np.concatenate(checked)), problem.test)


class PredictedBefore(MaskedLanguageModel):
    """Answers with log-probabilities F[m pieces] that were computed elsewhere."""

    def __init__(self, log_p: np.ndarray) -> None:
        self._log_p = InOrder(log_p)

    def fit(self, text: TrainingText, run: Run, /) -> None:
        """Nothing is left to learn."""

    def log_probabilities(self, tokens: np.ndarray, masked: np.ndarray) -> np.ndarray:
        """The log-probabilities at the next masked tokens."""
        return self._log_p.take(int(masked.sum()))


def _asked(test: HeldOut) -> dict[str, MaskedBlocks]:
    """The masked blocks by name, in the order in which they are asked about."""
    return {**test.masks, **{f"{_ELSEWHERE}{name}": blocks for name, blocks in test.elsewhere.items()}}
