"""The articles of an Atlas world: one array of words, and arrays of the same length that tell the truth about them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from harness.data.atlas.lexicon import FUNCTION_WORDS, Ids
from harness.data.atlas.world import FACTS, AtlasOptions, World, draw, stack, zipf

SHARES: Final = (0.38, 0.47, 0.06, 0.02, 0.07)  # of function words, content words, phrases, sticky pairs and mentions
FOLLOWED: Final = 0.6  # the share of the sticky pairs that are followed by their frequent word
ON_TOPIC: Final = 0.8  # the share of the sentences on the article's topic; the others have a random topic
ON_SUBJECT: Final = 0.5  # the share of mentions of the article's entity; the others have the sentence's topic
SLOTS: Final = (6, 12)  # the least and the greatest number of units in a sentence; a unit is one of the above
SENTENCE_WORDS: Final = 10.5  # the expected number of words, from the numbers above


@dataclass(frozen=True, eq=False)
class Prose:
    """n words in s sentences in a articles. The articles are in random order, and begin and end with whole sentences.

    tokens: I64[n], word ids. phrase: I64[n], a row of `World.phrases` or -1; no phrase follows itself, so a run of
    equal values is one occurrence. entity: I64[n], the entity that a surname refers to, or -1. document: I64[n], the
    article. sentences: I64[s + 1] and articles: I64[a + 1], offsets into the words. subject:
    I64[a], the entity that an article is about, or -1. topic: I64[a].
    """

    tokens: Ids
    phrase: Ids
    entity: Ids
    document: Ids
    sentences: Ids
    articles: Ids
    subject: Ids
    topic: Ids


def _units(world: World) -> tuple[Ids, Ids, Ids, list[int]]:
    """The units that can fill a slot of a sentence, one in each row: words, phrase and entity, I64[u 4] each; and the
    end of the rows of each sort of unit."""
    is_a = np.zeros((len(world.surname), 1), dtype=np.int64)  # "is a" is word 0, the most frequent one
    verbs = np.column_stack((is_a, world.verb[world.relation, 0])).ravel()
    values = np.column_stack((world.kind[world.topic], world.value)).ravel()
    facts = np.column_stack((world.surname.repeat(FACTS + 1), verbs, values))
    sorts = (np.arange(len(world.mixtures))[:, None], world.phrases, world.junk, world.surname[:, None], facts)
    single, phrases, junk, mentions, _ = stops = np.cumsum([len(rows) for rows in sorts]).tolist()
    words = stack(sorts)
    phrase, entity = np.full_like(words, -1), np.full_like(words, -1)
    phrase[single:phrases] = np.arange(phrases - single)[:, None]
    phrase[phrases:junk, :2] = phrase[2 * phrases - junk : phrases, :2]
    entity[junk:mentions, 0] = np.arange(mentions - junk)
    entity[mentions:, 0] = np.arange(mentions - junk).repeat(FACTS + 1)
    return words, phrase, entity, stops


def write(world: World, options: AtlasOptions, rng: np.random.Generator) -> Prose:
    """Writes an article about every entity, and the distractors, which are about none.

    The article about an entity begins with four sentences that state its kind and its facts; no other sentences state
    them.
    """
    subject = rng.permutation(np.r_[np.arange(options.entities), np.full(options.distractors, -1)])
    topic = np.where(subject >= 0, world.topic[subject], rng.integers(options.topics, size=len(subject)))
    fact_sentences = FACTS + 1
    lengths = fact_sentences + rng.poisson(
        max(options.length / len(subject) / SENTENCE_WORDS - fact_sentences, 0), len(subject)
    )

    article = np.arange(len(subject)).repeat(lengths)  # for each sentence; `sentence` and `owner` are for each unit
    on_topic = rng.random(len(article)) < ON_TOPIC
    theme = np.where(on_topic, topic[article], rng.integers(options.topics, size=len(article)))
    slots = rng.integers(SLOTS[0], SLOTS[1], len(article), endpoint=True)
    sentence = np.arange(len(article)).repeat(slots)
    owner, size = subject[article[sentence]], len(sentence)
    words, phrase, entity, (single, phrases, junk, mentions, _) = _units(world)

    first_row = np.zeros(size, dtype=np.int64)
    function = draw(zipf(FUNCTION_WORDS)[None], first_row, rng)
    content = draw(world.emission, theme[sentence], rng)
    planted = single + draw(zipf(options.phrases)[None], first_row, rng)
    sticky = phrases + rng.integers(options.pairs, size=size) - options.pairs * (rng.random(size) >= FOLLOWED)
    bearers = world.topic == np.arange(options.topics)[:, None]
    anyone = draw(world.popularity * (bearers + 1e-9), theme[sentence], rng)  # a topic may have no entity
    mention = junk + np.where((owner >= 0) & (rng.random(size) < ON_SUBJECT), owner, anyone)
    unit = np.choose(draw(np.array([SHARES]), first_row, rng), (function, content, planted, sticky, mention))

    nth = np.arange(len(article)) - (np.cumsum(lengths) - lengths)[article]
    (stating,) = np.nonzero((subject[article] >= 0) & (nth < fact_sentences))
    unit[(np.cumsum(slots) - slots)[stating]] = mentions + subject[article[stating]] * fact_sentences + nth[stating]
    opening = phrase[unit, 0]
    is_repeated = np.r_[False, (opening[1:] >= 0) & (opening[1:] == opening[:-1])]
    unit[is_repeated] = function[is_repeated]

    inside = words[unit] >= 0
    sentences = np.r_[0, np.cumsum(np.add.reduceat(inside.sum(axis=1), np.cumsum(slots) - slots))]
    articles = sentences[np.r_[0, np.cumsum(lengths)]]
    document = np.arange(len(subject)).repeat(np.diff(articles))
    tokens, phrase, entity = words[unit][inside], phrase[unit][inside], entity[unit][inside]
    return Prose(tokens, phrase, entity, document, sentences, articles, subject, topic)
