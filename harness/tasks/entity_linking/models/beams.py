"""Beam search over many texts at once, each of which has as many beams as are left, without padding."""

from typing import Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from harness.tasks.entity_linking.models.allowed import F64, Allowed
from harness.tasks.entity_linking.problems.mentions import I64
from harness.tasks.entity_linking.problems.tokens import I32, Mark

LengthRule: TypeAlias = Literal["mean", "sum"]
"""How texts of different lengths are compared: by the mean of the log-probabilities of their tokens, or by their
sum."""


class Writer(Protocol):
    """Gives the logits of the next tokens of texts that are written step by step."""

    def write(self, tokens: I64, rows: I64) -> Tensor:
        """F32[m vocabulary]: the logits of what follows `tokens` I64[m]. Text i now goes on from text `rows[i]` of the
        step before (in the first step: it is text `rows[i]`)."""
        ...


class Beams(NamedTuple):
    """What a search has found: h finished texts, sorted by `text`, then best first.

    text: I64[h], which of the n texts. score: F64[h]. state: I64[h c], the state at the end. tokens: I32[h T], with the
    END, padded with 0.
    """

    text: I64
    score: F64
    state: I64
    tokens: I32

    def rank(self) -> I64:
        """I64[h]: the place of each beam among those of its text, from 0 on."""
        return _rank(self.text)


def search(
    writer: Writer,
    allowed: Allowed,
    *,
    beam: int,
    length: int,
    rule: LengthRule = "mean",
    early_stopping: bool = True,
) -> Beams:
    """Searches the best texts of at most `length` tokens with their END.

    In every step the best `beam` unfinished continuations of a text are kept. A continuation that ends, and that is
    among the best `beam` of all continuations, is finished. A text is done when none is left or, with
    `early_stopping`, when `beam` of its continuations have finished, as in the released code: a longer one with a
    better mean may then be missed. Equal scores are ordered by token.
    """
    state = allowed.start()
    text, score = np.arange(len(state)), np.zeros(len(state))
    rows, last = np.arange(len(state)), np.full(len(state), int(Mark.START))
    tokens = np.zeros((len(state), 0), np.int32)
    done = np.zeros(len(state), np.int64)
    finished: list[tuple[I64, F64, I64, I32]] = []
    for step in range(1, length + 1):
        if not len(text):
            break
        extensions = allowed.extend(state, writer.write(last, rows), beam)
        total, owner = score[extensions.row] + extensions.score, text[extensions.row]
        best = _best(owner, total, 2 * beam)  # at most `beam` of them end, one for each unfinished text
        order = best[np.lexsort((extensions.token[best], -total[best], owner[best]))]
        row, total, owner = extensions.row[order], total[order], owner[order]
        token, state = extensions.token[order], extensions.state[order]
        ends = token == Mark.END
        written = np.column_stack((tokens[row], token.astype(np.int32)))

        complete = ends & (_rank(owner) < beam)
        value = total[complete] / step if rule == "mean" else total[complete]
        finished.append((owner[complete], value, state[complete], written[complete]))
        np.add.at(done, owner[complete], 1)

        going = np.flatnonzero(~ends & (done[owner] < beam)) if early_stopping else np.flatnonzero(~ends)
        going = going[_rank(owner[going]) < beam]
        text, score, state, tokens = owner[going], total[going], state[going], written[going]
        rows, last = row[going], token[going]
    return _collected(finished, beam, length)


def _collected(finished: list[tuple[I64, F64, I64, I32]], beam: int, length: int) -> Beams:
    """The best `beam` finished texts of each text, from those of every step."""
    text, score, state = (np.concatenate(parts) for parts in zip(*(entry[:3] for entry in finished), strict=True))
    tokens = np.vstack([np.pad(entry[3], ((0, 0), (0, length - entry[3].shape[1]))) for entry in finished])
    order = np.lexsort((-score, text))
    order = order[_rank(text[order]) < beam]
    return Beams(text[order], score[order], state[order], tokens[order])


def _best(sorted_groups: I64, scores: F64, count: int) -> I64:
    """The places of the best `count` scores of each group, and of those that are equal to the last of them."""
    sizes = np.bincount(sorted_groups)
    if not len(sizes) or sizes.max() <= count:
        return np.arange(len(scores))
    place = _rank(sorted_groups)
    table = np.full((len(sizes), int(sizes.max())), -np.inf)
    table[sorted_groups, place] = scores
    least = np.partition(table, -count, axis=1)[:, -count]
    return np.flatnonzero(scores >= least[sorted_groups])


def _rank(sorted_groups: NDArray[np.int64]) -> I64:
    """I64[n]: the place of each entry in its group, where equal groups are neighbours, ascending."""
    if not len(sorted_groups):
        return np.zeros(0, np.int64)
    is_first = np.append(True, sorted_groups[1:] != sorted_groups[:-1])
    place = np.arange(len(sorted_groups))
    return place - np.maximum.accumulate(np.where(is_first, place, 0))
