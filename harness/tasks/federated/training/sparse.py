"""Sparse bags of words as dense blocks, which have columns only for the words of each client's own documents."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor


class LocalBags:
    """The bags of words F32[n V] of clients, of which client i has the rows from `starts[i]` to `starts[i + 1]`."""

    def __init__(self, bags: csr_array, starts: np.ndarray, device: str) -> None:
        documents, vocabulary = bags.shape
        words_per_document = np.diff(bags.indptr)
        owners = np.repeat(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), words_per_document)
        # The distinct pairs of client and word, sorted by client and then by word.
        pairs, pair_of_entry = np.unique(owners * vocabulary + bags.indices, return_inverse=True)
        self._first_word = np.searchsorted(pairs, np.arange(len(starts)) * vocabulary)
        self._words = pairs % vocabulary
        row = np.repeat(np.arange(documents), words_per_document)
        self._row = row - starts[:-1][owners]
        self._column = pair_of_entry - self._first_word[owners]
        self._value = bags.data
        self._first_entry = bags.indptr[starts]
        self._sizes = np.diff(starts)
        self._device = device

    def gather(self, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
        """F32[c n u], the documents of the chosen clients I64[c], and I64[c u], the words of their columns. Both are
        padded with zeros."""
        entries, client = _concatenated_ranges(self._first_entry, chosen)
        words, client_of_word = _concatenated_ranges(self._first_word, chosen)
        u = int((self._first_word[chosen + 1] - self._first_word[chosen]).max())
        n = int(self._sizes[chosen].max())
        block = torch.zeros(len(chosen), n, u)
        positions = (client * n + self._row[entries]) * u + self._column[entries]
        block.view(-1)[torch.from_numpy(positions)] = torch.from_numpy(self._value[entries])
        known = torch.zeros(len(chosen), u, dtype=torch.int64)
        column = words - self._first_word[chosen][client_of_word]
        known[torch.from_numpy(client_of_word), torch.from_numpy(column)] = torch.from_numpy(self._words[words])
        return block.to(self._device), known.to(self._device)


def _concatenated_ranges(first: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ranges first[i], ..., first[i + 1] - 1 for the chosen i, one after the other; and for each number its
    range's position among the chosen ones."""
    lengths = first[chosen + 1] - first[chosen]
    which = np.repeat(np.arange(len(chosen)), lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return first[chosen][which] + within, which
