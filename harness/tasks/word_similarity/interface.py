"""What an entrant of the task implements: `WordEmbedder`, or the component `Binariser`, which makes codes of dense
vectors."""

from abc import abstractmethod
from typing import Annotated, final

import numpy as np
from annotated_types import Ge, Gt

from harness.core.entrant import Entrant, capability
from harness.core.task import checked
from harness.run import Run
from harness.tasks.word_similarity.models.codes import Codes
from harness.tasks.word_similarity.models.skipgram import DenseVectors
from harness.tasks.word_similarity.problems.corpus import F32, I64, Corpus


class WordEmbedder(Entrant):
    """Learns to represent words from text.

    The similarity of two words is the cosine of their vectors or codes; the cosine with a vector of zeros is 0.
    """

    @abstractmethod
    def fit(self, train: Corpus, run: Run, /) -> None:
        """Learn from the corpus, in as many of the passes `train.passes(run)` as needed."""
        raise NotImplementedError

    @abstractmethod
    def vectors(self) -> F32:
        """F32[V d]: a vector for every word of the vocabulary. Rows of zeros and ones with equally many ones are
        treated as codes."""
        raise NotImplementedError

    @capability
    def codes(self, k: int) -> Codes:
        """Bool[V m]: a binary code with exactly k active bits for every word. The cosine of two codes is the share of
        active bits that they have in common. Called only where `bits(k)` is not 0."""
        raise NotImplementedError

    @capability
    def bits(self, k: int) -> float:
        """The information in a code with k active bits: the log2 of the number of possible codes; 0 where there are no
        such codes. A subclass defines it together with `codes`."""
        raise NotImplementedError

    @capability
    def contextual(self, tokens: I64, position: I64) -> F32:
        """F32[n d]: vectors of the words at `position` I64[n] of the texts `tokens` I64[n L], in which -1 follows the
        last word."""
        raise NotImplementedError


class Binariser(WordEmbedder):
    """Codes made from dense vectors. Subclasses differ only in `encode`.

    All binarisers of a seed share their dense vectors: skip-gram with negative sampling, trained once on the corpus in
    as many passes as the budget allows. `negative`, `sample` and `lr` are its options, with the values that tuning
    chose for `sgns`.
    """

    cases = ("atlas", "wikipedia", "mix")  # in the cost cases the dense vectors are measured as `sgns`
    tuned_as = "sgns"
    negative: Annotated[int, Gt(0)] = 5
    sample: Annotated[float, Ge(0)] = 1e-3
    lr: Annotated[float, Gt(0)] = 0.025
    hash_length: Annotated[int, Gt(0)] = 50
    """The number of active bits of the codes that `vectors` returns."""

    @property
    @final
    def width(self) -> int:
        """The number of entries of a dense vector. It is known after `fit`."""
        return int(self._dense.shape[1])

    @abstractmethod
    def encode(self, dense: F32, k: int, rng: np.random.Generator) -> Codes:
        """Bool[V m]: codes of the vectors F32[V d] with exactly k active bits each. `rng` has the same state at every
        call."""
        raise NotImplementedError

    @final
    def fit(self, train: Corpus, run: Run, /) -> None:
        """Use the dense vectors of the seed, whose training is charged to the budget."""
        passes = sum(1 for _ in train.passes(run))
        recipe = DenseVectors(
            corpus=train.digest,
            passes=passes,
            seed=run.seed("dense"),
            negative=self.negative,
            sample=self.sample,
            lr=self.lr,
            text=train,
        )
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
        """Bool[V m]: the codes from `encode` for the dense vectors."""
        codes = self.encode(self._dense, k, np.random.default_rng(self._seed))
        return checked("encode", codes, (len(self._dense), None), "b")
