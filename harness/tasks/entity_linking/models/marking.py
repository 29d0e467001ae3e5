"""Marked texts: a copy of a text in which `{ mention } [ name ]` stands for each mention."""

from enum import IntEnum

import numpy as np
from torch import Tensor

from harness.tasks.entity_linking.models.allowed import Extensions, token_scores
from harness.tasks.entity_linking.models.trie import Trie
from harness.tasks.entity_linking.problems.mentions import I64
from harness.tasks.entity_linking.problems.tokens import I32, Mark


class Part(IntEnum):
    """Where in a marked text the next token stands: the number of marks before it, modulo four."""

    OUTSIDE = 0
    MENTION = 1
    BETWEEN = 2
    """After the mention, before the bracket that opens the name."""
    NAME = 3


class MarkedCopies:
    """Marked copies of texts are allowed: texts I32[n S], padded with 0, with names of a trie.

    Outside of marks, the next token of the text may follow, or a mention may open; inside a mention, the next token, or
    its end unless it is empty; then a name of the trie. The end of the text may follow its last token. The state is the
    text, the part, the number of copied tokens, where the mention began, and the node of the name. Tokens are scored
    among all tokens, or, with `renormalise`, among those that are allowed.
    """

    def __init__(self, texts: I32, trie: Trie, *, renormalise: bool = False) -> None:
        self._texts = np.column_stack((texts, np.zeros(len(texts), np.int32)))
        self._sizes = (texts != Mark.PAD).sum(axis=1)
        self._trie = trie
        self._renormalise = renormalise

    def start(self) -> I64:
        """No token of any text has been copied."""
        state = np.zeros((len(self._texts), 5), np.int64)
        state[:, 0] = np.arange(len(self._texts))
        return state

    def extend(self, state: I64, logits: Tensor, beam: int) -> Extensions:
        """The allowed tokens; see `Allowed`."""
        text, part, copied, began = state[:, :4].T
        is_open = (part == Part.OUTSIDE) | (part == Part.MENTION)
        has_more = copied < self._sizes[text]
        ways = [
            self._step(is_open & has_more, state, self._texts[text, copied], copied=copied + 1),
            self._step((part == Part.OUTSIDE) & has_more, state, Mark.OPEN_MENTION, part=Part.MENTION, began=copied),
            self._step((part == Part.MENTION) & (copied > began), state, Mark.CLOSE_MENTION, part=Part.BETWEEN),
            self._step(part == Part.BETWEEN, state, Mark.OPEN_ENTITY, part=Part.NAME, node=0),
            self._step((part == Part.OUTSIDE) & ~has_more, state, Mark.END),
            self._names(state),
        ]
        row, token, after = (np.concatenate(arrays) for arrays in zip(*ways, strict=True))
        order = np.argsort(row, kind="stable")
        row, token, after = row[order], token[order], after[order]
        return Extensions(row, token, token_scores(logits, row, token, renormalise=self._renormalise), after)

    @staticmethod
    def _step(where: np.ndarray, state: I64, token: I64 | Mark, **changed: I64 | int) -> tuple[I64, I64, I64]:
        """The rows that may go on with a token, the token, and what changes in their states."""
        after = state.copy()
        for name, value in changed.items():
            after[:, ["text", "part", "copied", "began", "node"].index(name)] = value
        tokens = np.broadcast_to(np.asarray(token, np.int64), len(state))
        (rows,) = np.nonzero(where)
        return rows, tokens[rows], after[rows]

    def _names(self, state: I64) -> tuple[I64, I64, I64]:
        """The ways to go on within a name; where it ends, the bracket closes."""
        (rows,) = np.nonzero(state[:, 1] == Part.NAME)
        at, child = self._trie.children(state[rows, 4])
        token = self._trie.token[child].astype(np.int64)
        after = state[rows[at]]
        ends = token == Mark.END
        after[:, 4] = np.where(ends, 0, child)
        after[ends, 1] = Part.OUTSIDE
        return rows[at], np.where(ends, Mark.CLOSE_ENTITY, token), after


def marked(text: list[int], mentions: list[tuple[int, int, list[int]]]) -> list[int]:
    """The tokens of a text with marks around mentions, each given by its first token, the one after its last, and the
    tokens of its name; with the END."""
    written, place = [], 0
    for first, stop, name in mentions:
        written += [*text[place:first], Mark.OPEN_MENTION, *text[first:stop], Mark.CLOSE_MENTION]
        written += [Mark.OPEN_ENTITY, *name, Mark.CLOSE_ENTITY]
        place = stop
    return [*written, *text[place:], Mark.END]


def mentions_in(written: list[int]) -> list[tuple[int, int, list[int]]]:
    """What `marked` was given for these tokens, with the END or without: the mentions and the tokens of their names."""
    found, part, copied, first = [], Part.OUTSIDE, 0, 0
    name: list[int] = []
    for token in written:
        match token:
            case Mark.OPEN_MENTION:
                part, first, name = Part.MENTION, copied, []
            case Mark.CLOSE_MENTION:
                part = Part.BETWEEN
            case Mark.OPEN_ENTITY:
                part = Part.NAME
            case Mark.CLOSE_ENTITY:
                part = Part.OUTSIDE
                found.append((first, copied, name))
            case _ if part == Part.NAME:
                name.append(token)
            case _:
                copied += 1
    return found
