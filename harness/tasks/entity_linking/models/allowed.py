"""What a generator may write: the names of a trie, or anything."""

from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.tasks.entity_linking.models.trie import Trie
from harness.tasks.entity_linking.problems.mentions import I64
from harness.tasks.entity_linking.problems.tokens import MARKS, Mark

F64 = NDArray[np.float64]


class Extensions(NamedTuple):
    """Ways to go on: `row` I64[m] is the text that is continued, ascending; `token` I64[m]; `score` F64[m], the token's
    log-probability; `state` I64[m c], where that leads to."""

    row: I64
    token: I64
    score: F64
    state: I64


class Allowed(Protocol):
    """Which tokens may follow what has been written. What has been written is summed up by a state I64[c]."""

    def start(self) -> I64:
        """I64[n c]: the state of each of the n texts before anything is written."""
        ...

    def extend(self, state: I64, logits: Tensor, beam: int) -> Extensions:
        """The allowed ways to go on from each of m texts, given their states I64[m c] and logits F32[m vocabulary].

        Some that cannot be among the best `beam` of a text may be left out.
        """
        ...


class AnyText:
    """Any sequence of tokens is allowed. The state is empty."""

    def __init__(self, texts: int) -> None:
        self._texts = texts

    def start(self) -> I64:
        return np.zeros((self._texts, 0), np.int64)

    def extend(self, state: I64, logits: Tensor, beam: int) -> Extensions:
        scores = torch.log_softmax(logits, dim=1)
        scores[:, [mark for mark in range(MARKS) if mark != Mark.END]] = -torch.inf
        best, token = scores.topk(min(beam + 1, logits.shape[1] - MARKS + 1), dim=1)
        row = np.arange(len(logits)).repeat(token.shape[1])
        return Extensions(row, token.flatten().cpu().numpy(), _numbers(best.flatten()), state[row])


class TrieNames:
    """The names of a trie are allowed: text i is one of those below root `roots[i]`, I64[n]. The state is the node.

    As in the released code, a token's score is its log-probability among all tokens, so that the scores of all names
    do not sum to 1; with `renormalise` it is the log-probability among the allowed tokens.
    """

    def __init__(self, trie: Trie, roots: I64, *, renormalise: bool = False) -> None:
        self.trie = trie
        self._roots = roots
        self._renormalise = renormalise

    def start(self) -> I64:
        return self._roots[:, None]

    def extend(self, state: I64, logits: Tensor, beam: int) -> Extensions:
        row, child = self.trie.children(state[:, 0])
        token = self.trie.token[child].astype(np.int64)
        score = token_scores(logits, row, token, renormalise=self._renormalise)
        return Extensions(row, token, score, child[:, None])


def token_scores(logits: Tensor, row: I64, token: I64, *, renormalise: bool) -> F64:
    """F64[m]: the log-probability of each allowed token of row I64[m], ascending; among all tokens, or among the
    allowed tokens of its row."""
    at = torch.from_numpy(row).to(logits.device), torch.from_numpy(token).to(logits.device)
    chosen = _numbers(logits[at])
    if not len(row):
        return chosen
    if renormalise:
        starts = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
        total = np.logaddexp.reduceat(chosen, starts).repeat(np.diff(np.append(starts, len(row))))
        return chosen - total
    return chosen - _numbers(torch.logsumexp(logits, dim=1))[row]


def _numbers(values: Tensor) -> F64:
    numbers: F64 = values.double().cpu().numpy()
    return numbers
