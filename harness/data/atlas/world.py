"""The facts of an Atlas world: topics, meanings of words, collocations, entities and their relations."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UserError
from harness.data.atlas.lexicon import FUNCTION_WORDS, INVENTORY, Ids

Floats = NDArray[np.float64]

BEARERS: Final = 3  # the number of entities that share a surname, each of another topic
FACTS: Final = 3  # the number of relations of an entity
FREQUENT: Final = 5  # the number of function words that may be inside a phrase or follow a sticky pair
SKIPPED: Final = 0.05  # the share of the content words, the most frequent ones, that are too common for phrases


@dataclass(frozen=True)
class AtlasOptions:
    """The sizes of a world. `words` is the size of the vocabulary without surnames, of which there is one for three
    entities.

    distractors: articles about no entity. length: the approximate number of words of prose; an article has at least 4
    sentences. pairs: sticky pairs. concentration: of the Dirichlet distribution of a word's topics; if it is small,
    words have one topic. Raises `UserError` for a size outside its bounds.
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
    """The truth behind the prose. V words, T topics, E entities, R relations; -1 pads rows of words.

    mixtures: F64[V T], the topics of each content word; zero for other words. emission: F64[T V], p(word | topic).
    phrases: I64[p 4], the planted phrases, followed by the sticky pairs. junk: I64[pairs 3], each sticky pair with the
    frequent word that mostly follows it. kind: I64[T], the content word that names a topic's entities. surname, topic:
    I64[E]; an entity is called (surname, kind[topic]). popularity: F64[E], its share of the mentions. relation, value:
    I64[E 3], the entity's relations and the content words to which it has them. verb: I64[R 2], the verb of a relation
    in articles and in questions.
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
    """The probabilities of ranks 1 to n by Zipf's law."""
    weights: Floats = 1.0 / np.arange(1, n + 1)
    weights /= weights.sum()
    return weights


def draw(weights: Floats, rows: Ids, rng: np.random.Generator) -> Ids:
    """I64[n]: for each of the row numbers a column, drawn in proportion to `weights[row]`, by a single search in the
    cumulative sums of all rows."""
    sums = np.cumsum(weights, axis=1)
    cumulative = sums / sums[:, -1:] + np.arange(len(sums))[:, None]
    positions = np.searchsorted(cumulative.ravel(), rng.random(len(rows)) + rows, side="right")
    columns: Ids = np.minimum(positions - rows * weights.shape[1], weights.shape[1] - 1)
    return columns


def stack(blocks: tuple[Ids, ...], width: int = 4) -> Ids:
    """Rows of words of several widths, one block below the other, padded with -1."""
    return np.vstack([np.pad(b, ((0, 0), (0, width - b.shape[1])), constant_values=-1) for b in blocks])


def draw_world(options: AtlasOptions, rng: np.random.Generator) -> World:
    """Draws the meanings of words, the collocations, the entities and the relations of a world."""
    others = rng.permutation(np.arange(FUNCTION_WORDS, options.words))
    bounds = np.cumsum((2 * options.relations, 2 * options.pairs))
    verb, sticky, content = np.split(others, bounds)  # content words are sorted by falling frequency
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
    planted = rng.permutation(stack((two[0::3], three[1::3], four[2::3])))  # sorted by falling frequency
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
