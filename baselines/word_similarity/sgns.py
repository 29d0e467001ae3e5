"""Skip-gram with negative sampling: dense vectors that predict context words."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from harness.run import Run
from harness.tasks.word_similarity import Corpus, SkipGramOptions, WordEmbedder, train_skipgram


class Sgns(WordEmbedder):
    """Skip-gram with negative sampling (Mikolov et al., 2013), by gensim.

    `dim`: the width of the vectors. `negative`: the number of words drawn for each positive pair. `sample`: the
    frequency above which words are subsampled. `lr`: the first learning rate, which falls linearly.
    """

    name = "sgns"
    search_space = {"lr": (0.005, 0.1), "negative": (2, 20), "sample": (1e-5, 1e-2)}

    dim: Annotated[int, Gt(0)] = 100
    negative: Annotated[int, Gt(0)] = 5
    sample: Annotated[float, Ge(0)] = 1e-3
    lr: Annotated[float, Gt(0)] = 0.025

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Trains for all passes of the budget."""
        options = SkipGramOptions(dim=self.dim, negative=self.negative, sample=self.sample, lr=self.lr)
        passes = sum(1 for _ in train.passes(run))
        self._table = train_skipgram(train, options, passes, run.seed("init"))

    def vectors(self) -> NDArray[np.float32]:
        """F32[V dim]: the vectors; zeros for `<unk>`."""
        return self._table
