"""Documents as bags of words, and the bags of 20 Newsgroups."""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from harness.core.artefacts import Recipe

_WORD = re.compile(r"[a-z][a-z']+")


@dataclass(frozen=True, kw_only=True)
class NewsgroupBags(Recipe):
    """The bodies of the posts as bags of the `vocabulary` words that most training posts contain.

    Builds the parts `data`, `indices` and `indptr` of a sparse matrix of counts [posts V]; `topic` I64[posts]; `test`
    Bool[posts], whether a post belongs to the test split by date; and `groups` str[topics], the topics' names.
    `content` is the content digest of the data set.
    """

    content: str
    vocabulary: int

    def build(self) -> dict[str, np.ndarray]:
        """Reads and tokenises all posts."""
        from harness.data.sets import newsgroups

        posts = newsgroups.posts()
        bags = [Counter(_WORD.findall(post.body.lower())) for post in posts]
        test = np.array([post.split == "test" for post in posts])
        in_posts = Counter(word for words, tested in zip(bags, test, strict=True) if not tested for word in words)
        known = sorted(in_posts, key=lambda word: (-in_posts[word], word))[: self.vocabulary]
        column = {word: i for i, word in enumerate(known)}
        kept = [[(column[word], count) for word, count in words.items() if word in column] for words in bags]
        pairs = np.array([pair for row in kept for pair in sorted(row)], np.int64)
        starts = np.cumsum([0, *map(len, kept)])
        groups, topic = np.unique([post.group for post in posts], return_inverse=True)
        counts: dict[str, np.ndarray] = {
            "data": pairs[:, 1].astype(np.float32),
            "indices": pairs[:, 0],
            "indptr": starts,
        }
        return {**counts, "topic": topic, "test": test, "groups": np.asarray(groups)}


def word_shares(counts: csr_array) -> csr_array:
    """F32[documents V]: the counts of each document divided by their sum, as the paper does with Stack Overflow's
    questions."""
    totals = np.maximum(counts.sum(axis=1), 1)
    shares = (counts.data / np.repeat(totals, np.diff(counts.indptr))).astype(np.float32)
    return csr_array((shares, counts.indices, counts.indptr), shape=counts.shape)


def coarse_topics(groups: np.ndarray) -> list[int]:
    """The number of each newsgroup's coarse topic, which is the beginning of its name: `sci` of `sci.space`."""
    _, numbers = np.unique([group.split(".")[0] for group in groups], return_inverse=True)
    return [int(number) for number in numbers]
