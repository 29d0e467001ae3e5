"""Generated articles whose phrases are known, since they were planted."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from harness.data.atlas import Atlas, AtlasOptions
from harness.tasks.mlm.problems.lists import Spans
from harness.tasks.mlm.problems.words import I64, Words

SHARES: Final = {"train": 0.7, "valid": 0.1, "test": 0.2}


class PlantedText(NamedTuple):
    """Articles with planted phrases.

    spans: those of the planted phrases. planted: I64[k 3], the phrases of three words. junk: I64[j 3], pairs of words
    that always occur together, each with a frequent word that often follows it.
    """

    words: Words
    spans: Spans
    planted: I64
    junk: I64

    def split(self, name: str) -> tuple[Words, Spans]:
        """The articles of a split, and their spans."""
        names, articles = list(SHARES), len(self.words.documents) - 1
        edges = np.round(np.cumsum([0, *SHARES.values()]) * articles).astype(int).tolist()
        start, stop = list(pairwise(edges))[names.index(name)]
        offsets = self.words.documents
        return self.words.of_documents(start, stop), self.spans[offsets[start] : offsets[stop]]


def planted_text(settings: Mapping[str, Any], rng: np.random.Generator) -> PlantedText:
    """The articles of a world, which are in random order."""
    options = AtlasOptions(
        entities=settings["entities"], distractors=settings["distractors"], length=settings["corpus_words"]
    )
    world = Atlas(options, rng)
    words = Words.of(world.lexicon.render(world.prose.tokens, world.prose.articles))
    index = {word: i for i, word in enumerate(words.vocabulary)}
    rank = np.array([index.get(word, -1) for word in world.lexicon.words.tolist()])
    three = world.world.phrases[(world.world.phrases >= 0).sum(axis=1) == 3, :3]
    return PlantedText(words, _spans(world.prose.phrase), rank[three], rank[world.world.junk])


def _spans(phrase: I64) -> Spans:
    """I8[n]: the lengths of the runs of equal values in phrases I64[n], at their starts; 0 elsewhere and where the
    value is -1."""
    starts = np.flatnonzero(np.diff(phrase, prepend=-2))
    lengths = np.diff(np.append(starts, len(phrase)))
    spans = np.zeros(len(phrase), np.int8)
    spans[starts] = np.where(phrase[starts] >= 0, lengths, 0)
    return spans
