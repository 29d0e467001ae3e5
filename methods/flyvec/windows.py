"""Windows of text as inputs: the context words of a window, and its centre word in a block of neurons of its own."""

from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

I64 = NDArray[np.int64]

Duplicates: TypeAlias = Literal["pruned", "counted"]


def centres(sentences: I64, radius: int) -> I64:
    """I64[windows]: the positions in the text that have `radius` words of their own sentence on either side.

    `sentences` I64[s + 1] are offsets into the text. A sentence of L words has max(0, L - 2 radius) such positions.
    """
    lengths = np.maximum(0, np.diff(sentences) - 2 * radius)
    first = sentences[:-1] + radius
    positions: I64 = np.arange(lengths.sum()) + np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
    return positions


def stop_words(counts: I64, mass: float) -> NDArray[np.bool_]:
    """Bool[V]: whether a word is a stop word: the most frequent words that together make up at most the share `mass` of
    the text."""
    order = np.argsort(-counts, kind="stable")
    stops = np.zeros(len(counts), np.bool_)
    stops[order[np.cumsum(counts[order]) <= mass * counts.sum()]] = True
    return stops


class Windows:
    """Turns words into active neurons, of which there are 2V: neuron w for word w in the context, V + w for word w in
    the centre.

    `stops`: Bool[V], words that activate no neuron. `duplicates`: whether a word that is twice in a context counts once
    (`pruned`) or twice (`counted`). The word -1 stands for no word.
    """

    def __init__(self, stops: NDArray[np.bool_], duplicates: Duplicates, device: str = "cpu") -> None:
        words = len(stops)
        self._prune = duplicates == "pruned"
        self._padding = 2 * words
        silent = np.append(stops, True)  # the last entry is for the word -1
        neurons = np.arange(words + 1)
        self._context = torch.from_numpy(np.where(silent, self._padding, neurons)).to(device)
        self._centre = torch.from_numpy(np.where(silent, self._padding, neurons + words)).to(device)

    def inputs(self, context: Tensor, centre: Tensor) -> Tensor:
        """I64[B s + 1]: the active neurons for contexts I64[B s] and centres I64[B], in any order."""
        neurons = self._context[context]
        if self._prune:
            neurons = neurons.sort(dim=1).values
            neurons[:, 1:][neurons[:, 1:] == neurons[:, :-1]] = self._padding
        return torch.cat([neurons, self._centre[centre][:, None]], dim=1)
