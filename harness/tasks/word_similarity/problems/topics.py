"""Documents that are classified by topic: 20 Newsgroups as bags of the vocabulary's words."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from harness.core.artefacts import Recipe
from harness.core.canonical import digest
from harness.run import Run
from harness.tasks.word_similarity.problems.corpus import I64, UNKNOWN
from harness.tasks.word_similarity.problems.text import Vocabulary, words


class Documents(NamedTuple):
    """bags: F32[n V], how often each document has each word; `<unk>` is not counted. topic: I64[n]."""

    bags: csr_array
    topic: I64


@dataclass(frozen=True, kw_only=True)
class NewsgroupBags(Recipe):
    """The posts' bodies as the parts of a sparse matrix [posts, V] of counts: `data`, `indices`, `indptr`; and `topic`
    I64[posts], `test` Bool[posts] (by date).

    `content` is the data set's content digest, `vocabulary` the digest of `known`.
    """

    content: str
    vocabulary: str
    known: Vocabulary = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Reads and tokenises all posts."""
        from harness.data.sets import newsgroups

        posts = newsgroups.posts()
        found = [[self.known.row(word) for word in words(post.body)] for post in posts]
        post = np.repeat(np.arange(len(posts)), list(map(len, found)))
        rows = np.concatenate([np.array(row, np.int64) for row in found])
        kept = rows != UNKNOWN
        shape = len(posts), len(self.known)
        bags = csr_array((np.ones(kept.sum(), np.float32), (post[kept], rows[kept])), shape=shape)
        _, topic = np.unique([post.group for post in posts], return_inverse=True)
        test = np.array([post.split == "test" for post in posts])
        return {"data": bags.data, "indices": bags.indices, "indptr": bags.indptr, "topic": topic, "test": test}


def newsgroup_documents(vocabulary: Vocabulary, run: Run) -> tuple[Documents, Documents]:
    """The posts to learn from, and the later ones to be told apart."""
    from harness.data.catalogue import catalogue

    recipe = NewsgroupBags(
        content=catalogue()["newsgroups20"].content, vocabulary=digest(vocabulary.words), known=vocabulary
    )
    found = run.artefact(recipe)
    shape = len(found["topic"]), len(vocabulary)
    bags = csr_array((found["data"], found["indices"], found["indptr"]), shape=shape)
    learned, tested = (Documents(bags[rows], found["topic"][rows]) for rows in (~found["test"], found["test"]))
    return learned, tested
