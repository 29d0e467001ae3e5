"""Documents to be told apart by topic: 20 Newsgroups as bags of the vocabulary's words, and the classifier."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harness.core.artefacts import Recipe
from harness.core.canonical import digest
from harness.run import Run
from harness.tasks.word_similarity.problems.corpus import F32, I64, UNKNOWN
from harness.tasks.word_similarity.problems.text import Vocabulary, words

STEPS = 300
"""Of the classifier's optimizer, at most: far more than it needs."""
PENALTY = 10.0
"""Of the classifier's squared weights; of 1, 10, 100 and 1,000 it is the best on training posts that were held out."""


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


def told_apart(vectors: F32, learned: Documents, tested: Documents) -> NDArray[np.bool_]:
    """Bool[n]: which of the tested documents a logistic regression on the mean vector of a document's words, each entry
    standardised, puts into their topic."""
    from sklearn.linear_model import LogisticRegression

    means = _means(vectors, learned.bags)
    centre, spread = means.mean(axis=0), means.std(axis=0)
    spread[spread == 0] = 1
    model = LogisticRegression(C=1 / PENALTY, max_iter=STEPS).fit((means - centre) / spread, learned.topic)
    right: NDArray[np.bool_] = model.predict((_means(vectors, tested.bags) - centre) / spread) == tested.topic
    return right


def _means(vectors: F32, bags: csr_array) -> F32:
    """F32[n d]; zeros for a document of no known word."""
    lengths = np.maximum(1, bags.sum(axis=1, dtype=np.float32))
    means: F32 = (bags @ vectors) / lengths[:, None]
    return means
