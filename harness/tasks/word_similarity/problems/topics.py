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
    """bags: F32[n V], how often each word occurs in each document, without `<unk>`. topic: I64[n]."""

    bags: csr_array
    topic: I64


@dataclass(frozen=True, kw_only=True)
class NewsgroupBags(Recipe):
    """The recipe of the posts of 20 Newsgroups as bags of words.

    Builds the parts `data`, `indices` and `indptr` of a sparse matrix of counts [posts V] in the bodies of the posts;
    `topic` I64[posts]; and `test` Bool[posts], whether a post belongs to the test split by date. `content` is the
    content digest of the data set, and `vocabulary` the digest of the vocabulary `known`.
    """

    content: str
    vocabulary: str
    known: Vocabulary = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Reads and tokenises all posts."""
        from harness.data.sets import newsgroups

        posts = newsgroups.posts()
        rows_of_posts = [[self.known.row(word) for word in words(post.body)] for post in posts]
        post = np.repeat(np.arange(len(posts)), list(map(len, rows_of_posts)))
        rows = np.concatenate([np.array(row, np.int64) for row in rows_of_posts])
        kept = rows != UNKNOWN
        shape = len(posts), len(self.known)
        bags = csr_array((np.ones(kept.sum(), np.float32), (post[kept], rows[kept])), shape=shape)
        _, topic = np.unique([post.group for post in posts], return_inverse=True)
        test = np.array([post.split == "test" for post in posts])
        return {"data": bags.data, "indices": bags.indices, "indptr": bags.indptr, "topic": topic, "test": test}


def newsgroup_documents(vocabulary: Vocabulary, run: Run) -> tuple[Documents, Documents]:
    """The earlier posts to learn from, and the later ones to classify."""
    from harness.data.catalogue import catalogue

    recipe = NewsgroupBags(
        content=catalogue()["newsgroups20"].content, vocabulary=digest(vocabulary.words), known=vocabulary
    )
    built = run.artefact(recipe)
    shape = len(built["topic"]), len(vocabulary)
    bags = csr_array((built["data"], built["indices"], built["indptr"]), shape=shape)
    train, test = (Documents(bags[rows], built["topic"][rows]) for rows in (~built["test"], built["test"]))
    return train, test
