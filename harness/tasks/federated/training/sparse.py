"""Sparse bags of words as dense blocks of the words that each client's own documents have."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor


class LocalBags:
    """Bags of words F32[n V] of clients, client i with the rows from `starts[i]` to `starts[i + 1]`."""

    def __init__(self, bags: csr_array, starts: np.ndarray, device: str) -> None:
        documents, vocabulary = bags.shape
        per_document = np.diff(bags.indptr)
        owners = np.repeat(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), per_document)
        # Each client's words in their order: a client's words follow those of the client before.
        used, local = np.unique(owners * vocabulary + bags.indices, return_inverse=True)
        self._first_word = np.searchsorted(used, np.arange(len(starts)) * vocabulary)
        self._words = used % vocabulary
        row = np.repeat(np.arange(documents), per_document)
        self._row = row - starts[:-1][owners]
        self._word = local - self._first_word[owners]
        self._value = bags.data
        self._first_entry = bags.indptr[starts]
        self._sizes = np.diff(starts)
        self._device = device

    def gather(self, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
        """F32[c n u], the documents of the chosen clients I64[c], and I64[c u], their words; padded with zeros."""
        entries, client = _ranges(self._first_entry, chosen)
        words, whose = _ranges(self._first_word, chosen)
        u = int((self._first_word[chosen + 1] - self._first_word[chosen]).max())
        n = int(self._sizes[chosen].max())
        block = torch.zeros(len(chosen), n, u)
        places = (client * n + self._row[entries]) * u + self._word[entries]
        block.view(-1)[torch.from_numpy(places)] = torch.from_numpy(self._value[entries])
        known = torch.zeros(len(chosen), u, dtype=torch.int64)
        column = words - self._first_word[chosen][whose]
        known[torch.from_numpy(whose), torch.from_numpy(column)] = torch.from_numpy(self._words[words])
        return block.to(self._device), known.to(self._device)


def _ranges(first: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All numbers from first[i] to first[i + 1] for the chosen i, one after another, and for each which i it is."""
    lengths = first[chosen + 1] - first[chosen]
    which = np.repeat(np.arange(len(chosen)), lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return first[chosen][which] + within, which
