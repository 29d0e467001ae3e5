"""Texts as rows of token ids. The tokenizer is learned once from names and texts, and is the same for all seeds and
entrants."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from harness.core.artefacts import Recipe
from harness.tasks.entity_linking.problems.mentions import Mentions

I32 = NDArray[np.int32]


class Mark(IntEnum):
    """Tokens that stand for no text. They are numbered before the pieces of words, so no text is ever read as one."""

    PAD = 0
    START = 1
    """What the decoder reads first."""
    END = 2
    MENTION = 3
    """What stands before a mention, and `MENTION_END` after it."""
    MENTION_END = 4
    PLACE = 5
    """What stands for a mention in its context."""
    OPEN_MENTION = 6
    """`{` of a marked text; the others are `}`, `[` and `]`."""
    CLOSE_MENTION = 7
    OPEN_ENTITY = 8
    CLOSE_ENTITY = 9


MARKS: Final = len(Mark)


@dataclass(frozen=True, kw_only=True)
class Tokens(Recipe):
    """The recipe of a tokenizer (`tokenizer`: U8, its JSON): byte-pair encoding of bytes in lower case, as BART's but
    for the case.

    `texts` are what it is learned from and `digest` their digest; `vocabulary` is the number of tokens with all marks.
    """

    digest: str
    vocabulary: int
    texts: Sequence[str] = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Learns the merges."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        trainer = trainers.BpeTrainer(
            vocab_size=self.vocabulary - MARKS, initial_alphabet=alphabet, show_progress=False
        )
        tokenizer.train_from_iterator(self.texts, trainer)
        return {"tokenizer": np.frombuffer(tokenizer.to_str().encode(), np.uint8)}


class Reader:
    """Reads names, and mentions in their contexts, as rows of tokens.

    A mention is read first, between its marks, and then the `words` before and after it, in which a mark stands in its
    place: a network that is trained from scratch, with an embedding for each position, thus finds mentions and names at
    the same positions. All together are cut off at `source_length` tokens, which leaves the mention and as much as fits
    before and after it; a name is cut off at `name_length` tokens with its end.
    """

    def __init__(self, tokenizer: Tokenizer, words: int, source_length: int, name_length: int) -> None:
        self._tokenizer = tokenizer
        self.words = words
        self.source_length = source_length
        self.name_length = name_length

    @classmethod
    def restore(cls, stored: NDArray[np.uint8], words: int, source_length: int, name_length: int) -> Self:
        """The reader with the tokenizer of an artefact."""
        return cls(Tokenizer.from_str(stored.tobytes().decode()), words, source_length, name_length)

    @property
    def vocabulary(self) -> int:
        """The number of tokens."""
        return int(self._tokenizer.get_vocab_size()) + MARKS

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text."""
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        return [[piece + MARKS for piece in encoding.ids] for encoding in encodings]

    def placed(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """The first `source_length` tokens of each text, and the place of each token in it, in characters."""
        encodings = self._tokenizer.encode_batch(list(texts))
        most = self.source_length
        return [([piece + MARKS for piece in e.ids[:most]], e.offsets[:most]) for e in encodings]

    def names(self, names: Sequence[str]) -> I32:
        """I32[n name_length]: the tokens of each name and the end, padded with 0."""
        most = self.name_length - 1
        return padded([[*pieces[:most], Mark.END] for pieces in self.pieces(names)], self.name_length)

    def contexts(self, mentions: Mentions) -> I32:
        """I32[n source_length]: each mention with its context, padded with 0."""
        sides = mentions.contexts(self.words)
        before, inside, after = (
            self.pieces(texts) for texts in ([b for b, _ in sides], mentions.surfaces, [a for _, a in sides])
        )
        return padded([self._context(*parts) for parts in zip(before, inside, after, strict=True)], self.source_length)

    def alone(self, names: Sequence[str]) -> I32:
        """I32[n source_length]: names as if they were mentions without context."""
        return padded([self._context([], pieces, []) for pieces in self.pieces(names)], self.source_length)

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens; marks are left out."""
        return str(self._tokenizer.decode([token - MARKS for token in tokens if token >= MARKS])).strip()

    def _context(self, before: list[int], inside: list[int], after: list[int]) -> list[int]:
        inside = inside[: self.source_length - 2]
        room = max(0, self.source_length - 3 - len(inside))
        left = min(len(before), max(room // 2, room - len(after)))
        context = [*before[len(before) - left :], Mark.PLACE, *after[: room - left]]
        return [Mark.MENTION, *inside, Mark.MENTION_END, *(context if before or after else [])][: self.source_length]


def padded(rows: Sequence[Sequence[int]], length: int) -> I32:
    """I32[n length]: the rows, padded with 0. Raises `ValueError` if one is longer."""
    table = np.zeros((len(rows), length), np.int32)
    sizes = np.array([len(row) for row in rows], np.int64)
    if (sizes > length).any():
        raise ValueError(f"row {sizes.argmax()} has {sizes.max()} tokens, more than {length}")
    table[np.arange(length) < sizes[:, None]] = np.fromiter((token for row in rows for token in row), np.int32)
    return table
