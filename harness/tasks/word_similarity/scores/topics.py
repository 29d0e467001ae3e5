"""How well mean word vectors classify documents by topic."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harness.tasks.word_similarity.problems.corpus import F32
from harness.tasks.word_similarity.problems.topics import Documents

MAX_STEPS = 300
"""The largest number of steps of the classifier's optimizer, far more than it needs."""
PENALTY = 10.0
"""The weight of the classifier's squared weights in its loss. Of 1, 10, 100 and 1,000 it is the best on held-out
training posts."""


def classified_correctly(vectors: F32, train: Documents, test: Documents) -> NDArray[np.bool_]:
    """Bool[n]: whether a logistic regression assigns each of the documents `test` to its topic.

    It is trained on the documents `train`, and its inputs are the standardised mean vectors of a document's words.
    """
    from sklearn.linear_model import LogisticRegression

    means = _means(vectors, train.bags)
    centre, spread = means.mean(axis=0), means.std(axis=0)
    spread[spread == 0] = 1
    model = LogisticRegression(C=1 / PENALTY, max_iter=MAX_STEPS).fit((means - centre) / spread, train.topic)
    correct: NDArray[np.bool_] = model.predict((_means(vectors, test.bags) - centre) / spread) == test.topic
    return correct


def _means(vectors: F32, bags: csr_array) -> F32:
    """F32[n d]: the mean vectors of documents; zeros for a document without known words."""
    lengths = np.maximum(1, bags.sum(axis=1, dtype=np.float32))
    means: F32 = (bags @ vectors) / lengths[:, None]
    return means
