"""The system `WordEmbedder`, and the component `Binariser` that turns shared dense vectors into codes."""

from abc import abstractmethod
from typing import Annotated, final

import numpy as np
from annotated_types import Gt

from harness.core.entrant import Entrant, capability
from harness.run import Run
from harness.tasks.word_similarity.models.codes import Codes
from harness.tasks.word_similarity.models.skipgram import DenseVectors
from harness.tasks.word_similarity.problems.corpus import F32, I64, Corpus


class WordEmbedder(Entrant):
    """Learns from text to represent words. Two words are as similar as the cosine of their vectors or codes says; the
    cosine with a vector of zeros is 0."""

    @abstractmethod
    def fit(self, train: Corpus, run: Run, /) -> None:
        """Learn from the corpus, in as many of `train.passes(run)` as wanted."""
        raise NotImplementedError

    @abstractmethod
    def vectors(self) -> F32:
        """F32[V d]: a vector for every word of the vocabulary. Rows of zeros and ones, equally many ones in each, are
        taken for what they are: codes."""
        raise NotImplementedError

    @capability
    def codes(self, k: int) -> Codes:
        """Bool[V m]: a binary code for every word, exactly k bits of each active. The cosine of two codes is the share
        of active bits that they have in common. Answered only where `bits(k)` is not 0."""
        raise NotImplementedError

    @capability
    def bits(self, k: int) -> float:
        """The information in one code with k active bits: log2 of the number of codes that there could be; 0 where
        there is no such code. Goes with `codes`."""
        raise NotImplementedError

    @capability
    def contextual(self, tokens: I64, position: I64) -> F32:
        """F32[n d]: vectors of the words at `position` I64[n] of the sentences `tokens` I64[n L] (-1 after the end)."""
        raise NotImplementedError


class Binariser(WordEmbedder):
    """Codes made of dense vectors: `encode` is all that differs between subclasses.

    The dense vectors are those of the seed: skip-gram with negative sampling, trained once on the corpus in as many
    passes as the budget allows, and shared by all binarisers of the seed.
    """

    cases = ("atlas", "wikipedia", "mix")  # what its dense vectors cost is said of them
    hash_length: Annotated[int, Gt(0)] = 50
    """Active bits of the codes that stand as vectors."""

    @property
    def width(self) -> int:
        """Entries of a dense vector; known once fitted."""
        return int(self._dense.shape[1])

    @abstractmethod
    def encode(self, dense: F32, k: int, rng: np.random.Generator) -> Codes:
        """Bool[V m]: codes of the vectors F32[V d], exactly k bits of each active. `rng` starts anew at every call."""
        raise NotImplementedError

    @final
    def fit(self, train: Corpus, run: Run, /) -> None:
        """Take over the seed's dense vectors; their training is charged to the budget."""
        passes = sum(1 for _ in train.passes(run))
        recipe = DenseVectors(corpus=train.digest, passes=passes, seed=run.seed("dense"), text=train)
        before = run.shared_s
        self._dense = run.artefact(recipe)["vectors"]
        self.shared_s = run.shared_s - before
        self._seed = run.seed("codes")

    @final
    def vectors(self) -> F32:
        """F32[V m]: the codes with `hash_length` active bits."""
        return self.codes(self.hash_length).astype(np.float32)

    @final
    def codes(self, k: int) -> Codes:
        """Bool[V m]: `encode` of the dense vectors."""
        return self.encode(self._dense, k, np.random.default_rng(self._seed))
