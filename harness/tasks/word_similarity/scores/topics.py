"""How well mean word vectors classify documents by topic."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harness.tasks.word_similarity.problems.corpus import F32
from harness.tasks.word_similarity.problems.topics import Documents

STEPS = 300
"""Of the classifier's optimizer, at most: far more than it needs."""
PENALTY = 10.0
"""Of the classifier's squared weights; of 1, 10, 100 and 1,000 it is the best on training posts that were held out."""


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
