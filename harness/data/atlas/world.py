"""The facts of one Atlas world: topics, what words mean, collocations, entities and their relations."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UserError
from harness.data.atlas.lexicon import FUNCTION_WORDS, INVENTORY, Ids

Floats = NDArray[np.float64]

BEARERS: Final = 3  # entities that share a surname, each of another topic
FACTS: Final = 3  # relations that an entity stands in
FREQUENT: Final = 5  # function words that may stand inside a phrase, or follow a sticky pair
SKIPPED: Final = 0.05  # of the content words, the most frequent: too common to make a phrase that can be told apart


@dataclass(frozen=True)
class AtlasOptions:
    """Sizes of a world. `words` counts the vocabulary without surnames, of which there is one for three entities.

    distractors: articles about no entity. length: words of prose, roughly, and never under 4 sentences an article.
    pairs: sticky pairs. concentration: of the Dirichlet that a word's topics are drawn from; small: words of one topic.
    Raises UserError for a size outside its bounds.
    """

    words: int = 400
    syllables: int = 120
    topics: int = 8
    entities: int = 150
    distractors: int = 300
    length: int = 100_000
    phrases: int = 40
    pairs: int = 20
    relations: int = 12
    concentration: float = 0.2

    def __post_init__(self) -> None:
        taken = FUNCTION_WORDS + 2 * self.relations + 2 * self.pairs
        least = taken + max(self.topics, 4 * self.phrases)
        bounds: dict[str, tuple[float, float]] = {
            "words": (least, 10_000),
            "syllables": (120, len(INVENTORY)),
            "topics": (BEARERS, 999),
        }
        bounds |= {"entities": (BEARERS, 30_000), "distractors": (0, 999_999), "length": (1, 10**8)}
        bounds |= {"phrases": (1, 999), "pairs": (1, 999), "relations": (FACTS, 999), "concentration": (0.01, 100.0)}
        for name, (low, high) in bounds.items():
            if not low <= (value := getattr(self, name)) <= high:
                raise UserError(f"Atlas: {name} = {value} must lie between {low} and {high}")
        if self.entities % BEARERS:
            raise UserError(f"Atlas: entities = {self.entities} must be a multiple of {BEARERS}")


@dataclass(frozen=True, eq=False)
class World:
    """The truth behind the prose. V words, T topics, E entities, R relations; -1 pads a row of words.

    mixtures: F64[V T], each content word's topics; zero for other words. emission: F64[T V], p(word | topic).
    phrases: I64[p 4], the planted phrases and after them the sticky pairs. junk: I64[pairs 3], each sticky pair with
    the frequent word that mostly follows it. kind: I64[T], the content word that names a topic's entities.
    surname, topic: I64[E]; an entity is called (surname, kind[topic]). popularity: F64[E], its share of the mentions.
    relation, value: I64[E 3], what it does to which content word. verb: I64[R 2], as said in articles, in questions.
    """

    mixtures: Floats
    emission: Floats
    phrases: Ids
    junk: Ids
    kind: Ids
    surname: Ids
    topic: Ids
    popularity: Floats
    relation: Ids
    value: Ids
    verb: Ids


def zipf(n: int) -> Floats:
    """Zipf's law over ranks 1 to n, normalised."""
    weights: Floats = 1.0 / np.arange(1, n + 1)
    weights /= weights.sum()
    return weights


def draw(weights: Floats, rows: Ids, rng: np.random.Generator) -> Ids:
    """For each row index a column, drawn in proportion to weights[row]: I64[n], by one search in all rows' sums."""
    sums = np.cumsum(weights, axis=1)
    ladder = sums / sums[:, -1:] + np.arange(len(sums))[:, None]
    found = np.searchsorted(ladder.ravel(), rng.random(len(rows)) + rows, side="right")
    columns: Ids = np.minimum(found - rows * weights.shape[1], weights.shape[1] - 1)
    return columns


def stack(blocks: tuple[Ids, ...], width: int = 4) -> Ids:
    """Rows of words of several widths, one below the other, padded with -1."""
    return np.vstack([np.pad(b, ((0, 0), (0, width - b.shape[1])), constant_values=-1) for b in blocks])


def draw_world(options: AtlasOptions, rng: np.random.Generator) -> World:
    """Draws the meanings, collocations, entities and relations of one world."""
    others = rng.permutation(np.arange(FUNCTION_WORDS, options.words))
    bounds = np.cumsum((2 * options.relations, 2 * options.pairs))
    verb, sticky, content = np.split(others, bounds)  # content: most frequent first
    surnames = options.entities // BEARERS
    mixtures = np.zeros((options.words + surnames, options.topics))
    mixtures[content] = rng.dirichlet(np.full(options.topics, options.concentration), len(content))
    kind = rng.choice(content, options.topics, replace=False)
    mixtures[kind] = np.eye(options.topics)
    emission = np.zeros_like(mixtures.T)
    emission[:, content] = mixtures[content].T * zipf(len(content))

    common = content[int(SKIPPED * len(content)) :][: 3 * options.phrases]
    a, b, c = rng.permutation(common).reshape(3, -1)
    link = rng.integers(FREQUENT, size=options.phrases)
    two, three, four = np.column_stack((a, b)), np.column_stack((a, link, b)), np.column_stack((a, link, b, c))
    planted = rng.permutation(stack((two[0::3], three[1::3], four[2::3])))  # in order of frequency
    follower = rng.integers(FREQUENT, size=options.pairs)

    topic = rng.random((surnames, options.topics)).argsort(axis=1)[:, :BEARERS].ravel()
    relation = rng.random((surnames, options.relations)).argsort(axis=1)[:, :FACTS].repeat(BEARERS, axis=0)
    return World(
        mixtures=mixtures,
        emission=emission / emission.sum(axis=1, keepdims=True),
        phrases=stack((planted, sticky.reshape(-1, 2))),
        junk=np.column_stack((sticky.reshape(-1, 2), follower)),
        kind=kind,
        surname=np.arange(options.words, len(mixtures)).repeat(BEARERS),
        topic=topic,
        popularity=rng.permutation(zipf(options.entities)),
        relation=relation,
        value=draw(emission, topic.repeat(FACTS), rng).reshape(-1, FACTS),
        verb=verb.reshape(-1, 2),
    )
