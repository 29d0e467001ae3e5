"""The views of an Atlas world that tasks use: running text, word pairs, mentions, questions, bags of words."""

import hashlib
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.data.atlas.lexicon import FUNCTION_WORDS, Ids, Lexicon
from harness.data.atlas.prose import write
from harness.data.atlas.world import BEARERS, FACTS, AtlasOptions, Floats, draw, draw_world

CLUES: Final = 2  # words of the entity's topic in a question; they need not occur in the article
SPLITS: Final = {"train": 0.7, "valid": 0.1, "test": 0.2}


class Corpus(NamedTuple):
    """Running text. tokens: I64[n], ids into vocabulary: str[V]; sentences: I64[s + 1] and articles: I64[a + 1],
    offsets."""

    tokens: Ids
    sentences: Ids
    articles: Ids
    vocabulary: NDArray[np.str_]


class Pairs(NamedTuple):
    """Word pairs. words: I64[n 2], two distinct words; similarity: F64[n] in [0, 1], the cosine of their topics."""

    words: Ids
    similarity: Floats


class Annotations(NamedTuple):
    """Mentions in running text. place: I64[n], the word of `Corpus.tokens` that is a surname; article: I64[n].

    entity, split, unseen and names are those of `Linking`.
    """

    place: Ids
    article: Ids
    entity: Ids
    split: NDArray[np.str_]
    unseen: NDArray[np.bool_]
    names: Ids


class Linking(NamedTuple):
    """Mentions of entities. context: I64[n 2r + 1], a surname and r words of its article on each side, -1 beyond the
    article.

    entity: I64[n]. split: str[n], the same for a whole article. unseen: Bool[E], whether an entity has no mention for
    training. names: I64[E 2], distinct.
    """

    context: Ids
    entity: Ids
    split: NDArray[np.str_]
    unseen: NDArray[np.bool_]
    names: Ids


class Questions(NamedTuple):
    """Questions. words: I64[n 5]; article: I64[n], the only one with the answer; split: str[n], one split for all
    questions about a fact.

    near: I64[n 2], the articles about the other entities with the same surname, who have the same relation.
    """

    words: Ids
    article: Ids
    near: Ids
    split: NDArray[np.str_]


class Bags(NamedTuple):
    """Bags of words. counts: I64[a V], how often each word occurs in each article; topic: I64[a], the article's
    label."""

    counts: Ids
    topic: Ids


class Atlas:
    """A world, its prose, and the views that tasks use. Equal states of `rng` give equal bytes.

    Views have random streams of their own, so the number and the order of calls change nothing.
    """

    def __init__(self, options: AtlasOptions, rng: np.random.Generator) -> None:
        world, prose, self._pairs, self._linking, self._questions = rng.integers(2**63, size=5).tolist()
        self.options = options
        self.world = draw_world(options, np.random.default_rng(world))
        self.prose = write(self.world, options, np.random.default_rng(prose))
        self.lexicon = Lexicon.of_size(len(self.world.mixtures), options.syllables)

    def corpus(self) -> Corpus:
        """The running text of all articles."""
        return Corpus(self.prose.tokens, self.prose.sentences, self.prose.articles, self.lexicon.words)

    def pairs(self, n: int = 500) -> Pairs:
        """At most n pairs of content words, whose similarities are spread evenly from 0 to 1."""
        mixtures = self.world.mixtures / np.maximum(np.linalg.norm(self.world.mixtures, axis=1, keepdims=True), 1e-12)
        (content,) = np.nonzero(mixtures.any(axis=1))
        drawn = np.random.default_rng(self._pairs).choice(content, (100 * n, 2))
        words = np.unique(np.sort(drawn[drawn[:, 0] != drawn[:, 1]], axis=1), axis=0)
        similarity = np.round((mixtures[words[:, 0]] * mixtures[words[:, 1]]).sum(axis=1), 6)
        order = np.argsort(similarity, kind="stable")
        chosen = order[np.unique(np.searchsorted(similarity[order], np.linspace(0, similarity.max(), n)))]
        return Pairs(words[chosen], similarity[chosen])

    def annotations(self, unseen: float = 0.15) -> Annotations:
        """All mentions, except those of unseen entities (the share `unseen` of all) in articles for training."""
        rng = np.random.default_rng(self._linking)
        prose, world = self.prose, self.world
        hidden = rng.permutation(len(world.surname)) < round(unseen * len(world.surname))
        split = _splits(len(prose.topic), rng)[prose.document]
        (at,) = np.nonzero(prose.entity >= 0)
        at = at[~hidden[prose.entity[at]] | (split[at] != "train")]
        names = np.column_stack((world.surname, world.kind[world.topic]))
        return Annotations(at, prose.document[at], prose.entity[at], split[at], hidden, names)

    def linking(self, unseen: float = 0.15, radius: int = 8) -> Linking:
        """The mentions of `annotations` with the words around them."""
        # A window that reaches past the last word begins again at the first, in another article.
        notes = self.annotations(unseen)
        window = (notes.place[:, None] + np.arange(-radius, radius + 1)) % len(self.prose.tokens)
        context = np.where(self.prose.document[window] == notes.article[:, None], self.prose.tokens[window], -1)
        return Linking(context, notes.entity, notes.split, notes.unseen, notes.names)

    def questions(self, n: int = 2_000) -> Questions:
        """Questions, each made of a function word, the surname, the relation's verb for questions, and words of the
        entity's topic."""
        rng = np.random.default_rng(self._questions)
        world = self.world
        fact = rng.permutation(np.arange(n) % world.relation.size)
        entity = fact // FACTS
        verb = world.verb[world.relation.ravel()[fact], 1]
        clues = draw(world.mixtures.T, world.topic[entity].repeat(CLUES), rng).reshape(n, CLUES)
        words = np.column_stack((rng.integers(FUNCTION_WORDS, size=n), world.surname[entity], verb, clues))
        articles = np.argsort(self.prose.subject)[self.options.distractors :]  # the article about each entity
        others = (entity[:, None] + np.arange(1, BEARERS)) % BEARERS + (entity - entity % BEARERS)[:, None]
        return Questions(words, articles[entity], articles[others], _splits(world.relation.size, rng)[fact])

    def bags(self) -> Bags:
        """All articles as bags of words."""
        articles, words = len(self.prose.topic), len(self.lexicon.words)
        counts = np.bincount(self.prose.document * words + self.prose.tokens, minlength=articles * words)
        return Bags(counts.reshape(articles, words), self.prose.topic)

    def digest(self) -> str:
        """The SHA-256, in hex, of the world, its prose and the views with their default arguments."""
        views = (self.corpus(), self.pairs(), self.linking(), self.questions())
        arrays = (*vars(self.world).values(), *vars(self.prose).values(), *(array for view in views for array in view))
        total = hashlib.sha256()
        for array in arrays:
            stable = array.round(6) if array.dtype.kind == "f" else array  # the last bits differ between processors
            total.update(f"{stable.dtype.str}{stable.shape}".encode() + stable.tobytes())
        return total.hexdigest()


def _splits(n: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """str[n]: names of splits, in their shares and in random order."""
    edges = np.cumsum(list(SPLITS.values()))[:-1]
    return rng.permutation(np.array(list(SPLITS))[np.searchsorted(edges, (np.arange(n) + 0.5) / n)])
