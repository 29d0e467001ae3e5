"""WordPiece: words as sequences of the pieces of a vocabulary that is learned from their counts (Wu et al., 2016)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from harness.core.artefacts import Recipe
from harness.core.canonical import digest
from harness.tasks.mlm.problems.words import I32, I64, Words

PAD, UNKNOWN, START, END, MASK = range(5)
SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST_WORD: Final = 16
"""The largest number of pieces of a word; words of more are unknown."""
RAREST: Final = 2e-5
"""The share of all characters that a character must have to be in the alphabet; words with others are unknown."""
_INSIDE: Final = 0xF0000
"""Added to the code of a character that continues a word, which moves it to a private-use area of Unicode."""


@dataclass(frozen=True)
class Pieces:
    """The pieces of every word of a vocabulary of words: word w has the pieces `ids[offsets[w]:offsets[w + 1]]`.

    names: the vocabulary of pieces, special ones first; `##` stands before those that continue a word.
    """

    ids: I32
    offsets: I64
    names: tuple[str, ...]

    @property
    def lengths(self) -> I64:
        """I64[V]: the number of pieces of each word."""
        return np.diff(self.offsets)


@dataclass(frozen=True, kw_only=True)
class WordPieces(Recipe):
    """The recipe of the pieces of words, of which there are at most `vocabulary`, special ones included."""

    counts: str
    vocabulary: int
    words: Words = field(compare=False, repr=False)

    @classmethod
    def of(cls, words: Words, vocabulary: int) -> Self:
        """The recipe for the words of a training text."""
        counted = digest([list(words.vocabulary), words.counts.tolist()])
        return cls(counts=counted, vocabulary=vocabulary, words=words)

    def build(self) -> dict[str, np.ndarray]:
        """Learns the vocabulary of pieces, and splits every word."""
        names = learn_pieces(dict(zip(self.words.vocabulary, self.words.counts.tolist(), strict=True)), self.vocabulary)
        model = models.WordPiece({name: i for i, name in enumerate(names)}, unk_token=SPECIAL[UNKNOWN])
        tokenizer = Tokenizer(model)
        split = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(self.words.vocabulary))]
        split = [ids if len(ids) <= LONGEST_WORD else [UNKNOWN] for ids in split]
        return {
            "ids": np.concatenate(split).astype(np.int32),
            "offsets": np.cumsum([0, *map(len, split)]),
            "names": np.frombuffer(json.dumps(names).encode(), np.uint8),
        }


def restore(stored: Mapping[str, np.ndarray]) -> Pieces:
    """The pieces from the arrays of an artefact."""
    return Pieces(stored["ids"], stored["offsets"], tuple(json.loads(stored["names"].tobytes())))


def learn_pieces(counts: Mapping[str, int], vocabulary: int) -> list[str]:
    """The pieces that byte-pair merges of the words find: the special ones, the alphabet, then merges in their order.

    The trainer of `tokenizers` finds other pieces each time where a prefix marks what continues a word. Here other
    characters mark it, so that equal counts always give equal pieces.
    """
    characters: Counter[str] = Counter()
    for word, count in counts.items():
        for character in word:
            characters[character] += count
    least = RAREST * characters.total()
    alphabet = {character for character, count in characters.items() if count >= least and ord(character) < _INSIDE}
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=list(SPECIAL), show_progress=False)

    def texts() -> Iterator[str]:
        for word, count in counts.items():
            if alphabet.issuperset(word):
                yield f"{_marked(word)} " * count

    tokenizer.train_from_iterator(texts(), trainer)
    learned = tokenizer.get_vocab()
    return [_unmarked(piece) for piece in sorted(learned, key=learned.__getitem__)]


def _marked(word: str) -> str:
    return word[0] + "".join(chr(_INSIDE + ord(character)) for character in word[1:])


def _unmarked(piece: str) -> str:
    plain = "".join(chr(ord(character) % _INSIDE) for character in piece)
    return plain if plain[0] == piece[0] else f"##{plain}"
