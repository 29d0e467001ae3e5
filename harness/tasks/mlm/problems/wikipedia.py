"""The real texts: Wikipedia articles to learn from and to be tested on, WikiText-2, and the probes' sentences."""

import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from harness.core.artefacts import Recipe
from harness.data.catalogue import find
from harness.data.sets import glue, wikipedia, wikitext
from harness.tasks.mlm.problems.lists import title_spans
from harness.tasks.mlm.problems.words import I64, Words

DATA: Final = ("wikipedia", "wikitext2-heldout", "glue")
PROBES: Final[Mapping[str, glue.TaskName]] = {"sst2": "SST-2", "cola": "CoLA"}
_IN_BRACKETS: Final = re.compile(r"\s*\([^()]*\)$")
_UNKNOWN: Final = "\u25a1"
"""Stands for the unknown words of WikiText-2; it is no letter of any vocabulary of pieces."""


@dataclass(frozen=True, kw_only=True)
class WikipediaWords(Recipe):
    """The recipe of the words of all texts, section by section.

    Articles are in a random order that is the same in every run: the first `valid` are the section `valid`, the next
    `test` the section `test`, and the others are for training (`train`). `titles` are those of all articles without
    what distinguishes them in brackets, and `wikitext` the paragraphs of the test split of WikiText-2. `sst2.train` and
    so on are the sentences of the probes; `sst2.train.labels` are their labels. `valid.phrases` and `test.phrases` are
    the spans of titles that occur `title_least` times in the training articles.
    """

    valid: int
    test: int
    title_least: int
    content: tuple[str, ...]

    @classmethod
    def of(cls, valid: int, test: int, title_least: int) -> Self:
        """The recipe for the data sets as the catalogue has them."""
        return cls(valid=valid, test=test, title_least=title_least, content=tuple(find(name).content for name in DATA))

    def build(self) -> dict[str, np.ndarray]:
        """Reads and splits all texts."""
        articles = sorted(wikipedia.articles(), key=lambda article: hashlib.sha256(article.text.encode()).digest())
        texts = [html.unescape(article.text) for article in articles]
        probes = {
            f"{name}.{split}": glue.sentences(task, split) for name, task in PROBES.items() for split in glue.SPLITS
        }
        sections: dict[str, Iterable[str]] = {
            "train": texts[self.valid + self.test :],
            "valid": texts[: self.valid],
            "test": texts[self.valid : self.valid + self.test],
            "titles": sorted({_IN_BRACKETS.sub("", article.title) for article in articles}),
            "wikitext": map(_plain, wikitext.lines("test")),
            **{name: [sentence.text for sentence in sentences] for name, sentences in probes.items()},
        }
        labels = {
            f"{name}.labels": np.array([sentence.label for sentence in sentences]) for name, sentences in probes.items()
        }
        stored = store_sections(sections)
        words = restore_sections(stored)
        held_out = {name: words[name] for name in ("valid", "test")}
        phrases = title_spans(words["titles"], words["train"], held_out, self.title_least)
        return {**stored, **labels, **{f"{name}.phrases": spans for name, spans in phrases.items()}}


def store_sections(sections: Mapping[str, Iterable[str]]) -> dict[str, np.ndarray]:
    """The words of sections of texts as arrays, with one vocabulary for all."""
    texts = {name: list(section) for name, section in sections.items()}
    words = Words.of(text for section in texts.values() for text in section)
    return {
        "ids": words.ids,
        "documents": words.documents,
        "vocabulary": np.frombuffer(json.dumps(words.vocabulary).encode(), np.uint8),
        "sections": np.frombuffer(
            json.dumps({name: len(section) for name, section in texts.items()}).encode(), np.uint8
        ),
    }


def restore_sections(stored: Mapping[str, np.ndarray]) -> dict[str, Words]:
    """The sections from the arrays of an artefact."""
    vocabulary, sizes = (json.loads(stored[name].tobytes()) for name in ("vocabulary", "sections"))
    words = Words(stored["ids"], stored["documents"], vocabulary)
    ends: I64 = np.cumsum(list(sizes.values()))
    return {name: words.of_documents(end - sizes[name], end) for name, end in zip(sizes, ends.tolist(), strict=True)}


def _plain(line: str) -> str:
    """A line of WikiText-2 without its marks for unknown words and inside words and numbers."""
    return re.sub(r" @(.)@ ", r"\1", line).replace("<unk>", _UNKNOWN)
