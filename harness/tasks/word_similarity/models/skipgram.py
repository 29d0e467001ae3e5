"""Skip-gram with negative sampling (Mikolov et al., 2013) by gensim: a baseline, and the vectors that are binarised."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from harness.core.artefacts import Recipe
from harness.tasks.word_similarity.problems.corpus import F32, UNKNOWN, Corpus


@dataclass(frozen=True)
class SkipGramOptions:
    """The options of skip-gram.

    `dim`: the width of the vectors. `negative`: the number of words drawn for each positive pair. `sample`: the
    frequency above which words are subsampled. `lr`: the first learning rate, which falls linearly to `last_lr` over
    all passes.
    """

    dim: int = 100
    negative: int = 5
    sample: float = 1e-3
    lr: float = 0.025
    last_lr: float = 1e-4


def train_skipgram(corpus: Corpus, options: SkipGramOptions, passes: int, seed: int) -> F32:
    """F32[V dim]: the input vectors of words after so many passes by a single thread, so that equal seeds give equal
    bytes.

    Unknown words are removed before windows are formed, as in word2vec. `<unk>` and words that do not occur have a
    vector of zeros.
    """
    from gensim.models import Word2Vec

    vectors = np.zeros((len(corpus.vocabulary), options.dim), np.float32)
    counts = corpus.counts.copy()
    counts[UNKNOWN] = 0
    (known,) = np.nonzero(counts)
    model = Word2Vec(
        sg=1,
        vector_size=options.dim,
        window=corpus.radius,
        negative=options.negative,
        sample=options.sample,
        alpha=options.lr,
        min_alpha=options.last_lr,
        min_count=1,
        workers=1,
        seed=seed % 2**32,
    )
    sentences = _as_words(corpus)
    model.build_vocab_from_freq({corpus.vocabulary[i]: int(counts[i]) for i in known}, corpus_count=len(sentences))
    model.train(sentences, total_examples=len(sentences), total_words=int(counts.sum()), epochs=passes)
    vectors[known] = model.wv[[corpus.vocabulary[i] for i in known]]
    return vectors


def _as_words(corpus: Corpus) -> list[list[str]]:
    kept = corpus.tokens != UNKNOWN
    ends = np.concatenate([[0], np.cumsum(kept)])[corpus.sentences].tolist()
    words = np.array(corpus.vocabulary, dtype=object)[corpus.tokens[kept]].tolist()
    return [words[start:stop] for start, stop in pairwise(ends)]


@dataclass(frozen=True, kw_only=True)
class DenseVectors(Recipe):
    """The recipe of `vectors`, F32[V 100], which the binarisers of a seed share.

    `corpus` is the digest of `text`; `negative`, `sample` and `lr` are as in `SkipGramOptions`.
    """

    corpus: str
    passes: int
    seed: int
    negative: int
    sample: float
    lr: float
    text: Corpus = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Trains skip-gram."""
        options = SkipGramOptions(negative=self.negative, sample=self.sample, lr=self.lr)
        return {"vectors": train_skipgram(self.text, options, self.passes, self.seed)}
