"""Texts as words: lower case, without accents, with every punctuation mark a word of its own."""

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers.normalizers import BertNormalizer

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Mask = NDArray[np.bool_]

_WORD: Final = re.compile(r"[^\W_]+|[^\w\s]|_")
_NORMALIZER: Final = BertNormalizer()


def split_words(text: str) -> list[str]:
    """The words of a text: runs of letters and digits, and single other characters, normalised as for uncased BERT."""
    return _WORD.findall(_NORMALIZER.normalize_str(text))


@dataclass(frozen=True, eq=False)
class Words:
    """Documents, one after the other. ids: I32[n], words as indices into vocabulary: str[V]; documents: I64[d + 1],
    offsets into the words."""

    ids: I32
    documents: I64
    vocabulary: Sequence[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The words of texts, each of which is a document. The vocabulary has the most frequent words first, and
        equally frequent ones in order of their characters."""
        index: dict[str, int] = {}
        found, offsets = array("i"), [0]
        for text in texts:
            found.extend([index.setdefault(word, len(index)) for word in split_words(text)])
            offsets.append(len(found))
        ids = np.frombuffer(found, np.int32) if found else np.zeros(0, np.int32)
        names, counts = list(index), np.bincount(ids, minlength=len(index)).tolist()
        order = sorted(range(len(names)), key=lambda i: (-counts[i], names[i]))
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order))
        return cls(rank[ids], np.array(offsets), [names[i] for i in order])

    def of_documents(self, start: int, stop: int) -> Self:
        """Some of the documents, with the same vocabulary."""
        offsets = self.documents[start : stop + 1]
        return type(self)(self.ids[offsets[0] : offsets[-1]], offsets - offsets[0], self.vocabulary)

    @cached_property
    def counts(self) -> I64:
        """I64[V]: how often each word of the vocabulary occurs."""
        return np.bincount(self.ids, minlength=len(self.vocabulary))

    @cached_property
    def room(self) -> I64:
        """I64[n]: the number of words from each word to the end of its document."""
        ends = self.documents[1:].repeat(np.diff(self.documents))
        room: I64 = ends - np.arange(len(self.ids))
        return room

    @cached_property
    def alphabetic(self) -> Mask:
        """Bool[V]: which words consist of letters and digits."""
        return np.array([word.isalnum() for word in self.vocabulary], dtype=np.bool_)
