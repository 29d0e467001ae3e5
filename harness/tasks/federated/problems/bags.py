"""Documents as bags of words; those of 20 Newsgroups."""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from harness.core.artefacts import Recipe

_WORD = re.compile(r"[a-z][a-z']+")


@dataclass(frozen=True, kw_only=True)
class NewsgroupBags(Recipe):
    """The posts' bodies as the parts of a sparse matrix [posts, V] of counts: `data`, `indices`, `indptr`; `topic`
    I64[posts], `test` Bool[posts] (by date) and `groups` str[topics], the topics' names.

    The words are the `vocabulary` that most training posts have, and `content` is the data set's content digest.
    """

    content: str
    vocabulary: int

    def build(self) -> dict[str, np.ndarray]:
        """Reads and tokenises all posts."""
        from harness.data.sets import newsgroups

        posts = newsgroups.posts()
        found = [Counter(_WORD.findall(post.body.lower())) for post in posts]
        test = np.array([post.split == "test" for post in posts])
        spread = Counter(word for words, held in zip(found, test, strict=True) if not held for word in words)
        known = sorted(spread, key=lambda word: (-spread[word], word))[: self.vocabulary]
        column = {word: i for i, word in enumerate(known)}
        kept = [[(column[word], count) for word, count in words.items() if word in column] for words in found]
        pairs = np.array([pair for row in kept for pair in sorted(row)], np.int64)
        starts = np.cumsum([0, *map(len, kept)])
        groups, topic = np.unique([post.group for post in posts], return_inverse=True)
        counts: dict[str, np.ndarray] = {
            "data": pairs[:, 1].astype(np.float32),
            "indices": pairs[:, 0],
            "indptr": starts,
        }
        return {**counts, "topic": topic, "test": test, "groups": np.asarray(groups)}


def frequencies(counts: csr_array) -> csr_array:
    """F32[documents V]: each word's share of its document's words, as the paper has Stack Overflow's questions."""
    totals = np.maximum(counts.sum(axis=1), 1)
    shares = (counts.data / np.repeat(totals, np.diff(counts.indptr))).astype(np.float32)
    return csr_array((shares, counts.indices, counts.indptr), shape=counts.shape)


def coarse(groups: np.ndarray) -> list[int]:
    """The coarse topic of each newsgroup, which its name begins with: `sci` of `sci.space`."""
    _, found = np.unique([group.split(".")[0] for group in groups], return_inverse=True)
    return [int(number) for number in found]
