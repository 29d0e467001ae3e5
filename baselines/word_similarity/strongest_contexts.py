"""The contexts that are most strongly associated with a word: codes without learning beyond counting."""

from typing import Annotated

import numpy as np
from annotated_types import Gt
from numpy.typing import NDArray

from baselines.word_similarity.ppmi import positive_pmi
from harness.run import Run
from harness.tasks.word_similarity import Codes, Corpus, WordEmbedder, code_bits, cooccurrences, most_active


class StrongestContexts(WordEmbedder):
    """The k context words of largest pointwise mutual information as a code, which learned codes should exceed.

    `contexts`: the number of the most frequent words that may be in a code. `hash_length`: the number of active bits of
    the codes that `vectors` returns. `smoothing`: the exponent of the contexts' counts.
    """

    name = "strongest_contexts"
    cases = ("atlas", "wikipedia", "mix")

    contexts: Annotated[int, Gt(0)] = 2000
    hash_length: Annotated[int, Gt(0)] = 50
    smoothing: Annotated[float, Gt(0)] = 0.75

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Counts in one pass; further passes would give the same counts."""
        next(train.passes(run))
        frequent = np.argsort(-train.counts, kind="stable")[: self.contexts]
        strength = positive_pmi(cooccurrences(train, [1.0] * train.radius), self.smoothing)
        self._strength: NDArray[np.float32] = strength[:, frequent].toarray()

    def vectors(self) -> NDArray[np.float32]:
        """F32[V contexts]: the codes with `hash_length` active bits."""
        return self.codes(self.hash_length).astype(np.float32)

    def codes(self, k: int) -> Codes:
        """Bool[V contexts]: the k strongest contexts; among equal ones, and where fewer than k are positive, the most
        frequent."""
        return most_active(self._strength, k)

    def bits(self, k: int) -> float:
        """The log2 of the number of ways to choose k contexts; 0 where there are fewer."""
        return code_bits(self._strength.shape[1], k)
