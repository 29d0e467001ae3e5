"""Windows of text as inputs: the context words of a window, and the word in its centre as a block of its own."""

from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

I64 = NDArray[np.int64]

Duplicates: TypeAlias = Literal["pruned", "counted"]


def centres(sentences: I64, radius: int) -> I64:
    """I64[windows]: the positions in the text that have `radius` words of their own sentence on either side.

    `sentences`: I64[s + 1], offsets into the text; a sentence of L words has max(0, L - 2 radius) of them.
    """
    lengths = np.maximum(0, np.diff(sentences) - 2 * radius)
    first = sentences[:-1] + radius
    positions: I64 = np.arange(lengths.sum()) + np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
    return positions


def stop_words(counts: I64, mass: float) -> NDArray[np.bool_]:
    """Bool[V]: the most frequent words, as many as make up at most this share of the text."""
    order = np.argsort(-counts, kind="stable")
    stops = np.zeros(len(counts), np.bool_)
    stops[order[np.cumsum(counts[order]) <= mass * counts.sum()]] = True
    return stops


class Windows:
    """Turns words into the active neurons of 2V: neuron w for word w in the context, V + w for word w in the centre.

    `stops`: Bool[V], words that activate no neuron. `duplicates`: whether a word that is twice in a context counts
    once or twice. -1 stands for no word.
    """

    def __init__(self, stops: NDArray[np.bool_], duplicates: Duplicates, device: str = "cpu") -> None:
        words = len(stops)
        self._prune = duplicates == "pruned"
        self._nothing = 2 * words
        silent = np.append(stops, True)  # indexed by -1: no word
        neurons = np.arange(words + 1)
        self._context = torch.from_numpy(np.where(silent, self._nothing, neurons)).to(device)
        self._centre = torch.from_numpy(np.where(silent, self._nothing, neurons + words)).to(device)

    def inputs(self, context: Tensor, centre: Tensor) -> Tensor:
        """I64[B s + 1]: the active neurons for contexts I64[B s] and centres I64[B], in no particular order."""
        neurons = self._context[context]
        if self._prune:
            neurons = neurons.sort(dim=1).values
            neurons[:, 1:][neurons[:, 1:] == neurons[:, :-1]] = self._nothing
        return torch.cat([neurons, self._centre[centre][:, None]], dim=1)
