"""The models of a training that are scored: those of the last rounds, and some on the way."""

from collections.abc import Iterator

import torch
from torch import Tensor

SCORED = 0.1
"""The share of the rounds, the last ones, whose models' scores are averaged."""
CHECKPOINTS = 10
"""How many models on the way are kept, evenly spread over the rounds."""


class Models:
    """Keeps the models F[p] that are scored, out of one for each of `rounds` rounds, counted from 1."""

    def __init__(self, rounds: int) -> None:
        self._scored = max(1, int(SCORED * rounds))
        self._rounds = rounds
        self._due = {-(-rounds * number // CHECKPOINTS) for number in range(1, CHECKPOINTS + 1)}
        self._last: list[Tensor] = []
        self._checkpoints: dict[int, Tensor] = {}

    def keep(self, model: Tensor, done: int) -> None:
        """Take the model after so many rounds; it must not change any more."""
        self._last.append(model)
        # Until the last tenth begins, the newest alone stands for what has been learned.
        window = max(1, done - (self._rounds - self._scored))
        del self._last[: len(self._last) - window]
        if done in self._due:
            self._checkpoints[done] = model

    @property
    def last(self) -> Tensor:
        """F[m p]: the models of the last tenth of the rounds; before it, the newest."""
        return torch.stack(self._last)

    @property
    def checkpoints(self) -> tuple[list[int], Tensor]:
        """The rounds after which models on the way were kept, and these F[k p]."""
        return list(self._checkpoints), torch.stack(list(self._checkpoints.values()))

    def parameters(self) -> Iterator[Tensor]:
        """The newest model: what was learned, counted once."""
        yield from self._last[-1:]
