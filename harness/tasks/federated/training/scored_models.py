"""The models of a training that are scored: those after the last rounds, and some on the way."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

SCORED_SHARE = 0.1
"""The share of the rounds, the last ones, over whose models scores are averaged."""
SPACED = 10
"""How many models are kept on the way, evenly spread over the rounds."""


class ScoredModels:
    """Keeps the models F[p] that are scored, out of one model for each of `rounds` rounds, counted from 1."""

    def __init__(self, rounds: int) -> None:
        self._scored = max(1, int(SCORED_SHARE * rounds))
        self._rounds = rounds
        self._due = {-(-rounds * number // SPACED) for number in range(1, SPACED + 1)}
        self._final: list[Tensor] = []
        self._spaced: dict[int, Tensor] = {}

    def add(self, model: Tensor, rounds_done: int) -> None:
        """Take the model after so many rounds. The caller must not change it afterwards."""
        self._final.append(model)
        # Before the last tenth of the rounds only the newest model is kept.
        window = max(1, rounds_done - (self._rounds - self._scored))
        del self._final[: len(self._final) - window]
        if rounds_done in self._due:
            self._spaced[rounds_done] = model

    @property
    def final(self) -> Tensor:
        """F[m p]: the models after each of the last tenth of the rounds; before these, the newest model alone."""
        return torch.stack(self._final)

    @property
    def spaced(self) -> tuple[list[int], Tensor]:
        """The k rounds on the way after which a model was kept, and these models F[k p]."""
        return list(self._spaced), torch.stack(list(self._spaced.values()))

    def state_dict(self) -> dict[str, Any]:
        """The models that are kept."""
        return {"final": self._final, "spaced": self._spaced}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Keep the models of another state, and no others."""
        self._final, self._spaced = state_dict["final"], state_dict["spaced"]

    def parameters(self) -> Iterator[Tensor]:
        """The newest model: the learned weights, which are counted once."""
        yield from self._final[-1:]
