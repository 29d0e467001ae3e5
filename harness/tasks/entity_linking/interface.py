"""What an entrant of the task implements: `EntityLinker`, or the component `NameGenerator`."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, final

import numpy as np
from annotated_types import Ge, Gt, Le

from harness.core.entrant import Entrant, capability
from harness.nn.seq2seq import EncoderDecoder
from harness.nn.training import evaluating, seeded
from harness.run import Run
from harness.tasks.entity_linking.models.allowed import Allowed, AnyText, TrieNames
from harness.tasks.entity_linking.models.beams import Beams, LengthRule, search
from harness.tasks.entity_linking.models.marking import MarkedCopies, mentions_in
from harness.tasks.entity_linking.models.names import NameIndex, Written, check_names, ranked_entities
from harness.tasks.entity_linking.models.ranking import best_entities
from harness.tasks.entity_linking.models.similarity import NameSimilarity
from harness.tasks.entity_linking.models.tower import Tower
from harness.tasks.entity_linking.models.writer import ModelWriter
from harness.tasks.entity_linking.problems.mentions import (
    I64,
    INVALID,
    NIL,
    Candidates,
    Catalogue,
    Mentions,
    TrainingSet,
)
from harness.tasks.entity_linking.problems.passages import Links, links_of
from harness.tasks.entity_linking.problems.tokens import I32, Mark, Reader, padded
from harness.tasks.entity_linking.training.constant import ConstantSettings, reader_of
from harness.tasks.entity_linking.training.examples import Examples, MarkedExamples
from harness.tasks.entity_linking.training.mixing import mixed_rows
from harness.tasks.entity_linking.training.teaching import teach

__all__ = [
    "I64",
    "INVALID",
    "NIL",
    "Answer",
    "Candidates",
    "Catalogue",
    "ConstantSettings",
    "EntityLinker",
    "Links",
    "Mentions",
    "NameGenerator",
    "NameSimilarity",
    "Tower",
    "TrainingSet",
    "best_entities",
    "links_of",
    "mixed_rows",
    "reader_of",
]

BATCH = 32
"""The number of mentions that are linked at a time."""


class Answer(NamedTuple):
    """A text that was written for a mention, its score, and the entity that it names (INVALID for none)."""

    text: str
    score: float
    entity: int


class EntityLinker(Entrant):
    """Finds the entities of a catalogue that mentions in texts refer to."""

    @abstractmethod
    def fit(self, train: TrainingSet, run: Run) -> None:
        """Learn from the catalogue and the linked mentions. Each example is drawn through `run.draw` at a cost of
        one."""

    @abstractmethod
    def link(self, mentions: Mentions, k: int) -> I64:
        """I64[n k]: for each mention at most k distinct entities, best first, then NIL (-1). INVALID (-2) stands for an
        answer that names no entity. A linker that keeps to candidates answers NIL for a mention that has none."""

    @capability
    def written(self, mentions: Mentions) -> list[list[Answer]]:
        """What is written for each mention, best first."""
        raise NotImplementedError

    @capability
    def mark(self, texts: Sequence[str]) -> Links:
        """The mentions in texts, which do not overlap, and their entities."""
        raise NotImplementedError

    @capability
    def index_bytes(self, catalogue: Catalogue, run: Run) -> int:
        """The bytes of what is searched when a mention is linked to this catalogue, without the network's weights. It
        is asked without `fit`."""
        raise NotImplementedError


class NameGenerator(EntityLinker):
    """An encoder-decoder that writes an entity's name, with open names.

    The network, its training and the beam search are fixed by the task and the same for every generator. It reads a
    mention in its context, and names of entities as if they were mentions: `name_share` of each batch, half of them
    to write the same name and half to write the entity's preferred name. Of linked mentions it learns to write the
    preferred name.

    `allowed` says what may be written: a name of the mention's candidates (of any entity, where the case has no
    candidate sets), a name of any entity of the catalogue, or anything. `renormalise` and `length_rule` are how texts
    are scored: by default as in the released code of GENRE, by the mean over the tokens of log-probabilities that are
    not renormalised over the allowed tokens. With `early_stopping`, as released, a search ends once `beam` names have
    ended. A name that several entities have stands for the first of them.
    """

    allowed: Literal["candidates", "catalogue", "anything"] = "candidates"
    renormalise: bool = False
    length_rule: LengthRule = "mean"
    beam: Annotated[int, Ge(1)] = 10
    early_stopping: bool = True
    lr: Annotated[float, Gt(0)] | None = None
    batch: Annotated[int, Ge(1)] = 32
    name_share: Annotated[float, Ge(0), Le(1)] = 0.7
    smoothing: Annotated[float, Ge(0), Le(1)] = 0.1
    embedding_std: Annotated[float, Gt(0)] = 0.2
    # Listed, so that all linkers that are trained try the same rates; the first trial has that of the setting.
    search_space: ClassVar[Mapping[str, Any]] = {"lr": [5e-4, 2e-3, 4e-3, 8e-3]}

    @abstractmethod
    def names(self, catalogue: Catalogue, rng: np.random.Generator) -> Catalogue:
        """The names that are written in place of the catalogue's: the same entities with other names, at least one
        each. Called once, before the training."""

    @final
    def fit(self, train: TrainingSet, run: Run) -> None:
        """Train the network on mentions and names."""
        settings = ConstantSettings.of(run.settings)
        self._reader = reader_of(train.catalogue, train.mentions.read_texts, run)
        self._names = self._indexed(train.catalogue, self._reader, run.rng("names"))
        self._device = run.device
        with seeded(run):
            self._model = EncoderDecoder(settings.network(self._reader.vocabulary, self.embedding_std)).to(run.device)
        self._marked_tokens = settings.marked_tokens
        examples: Examples | MarkedExamples = Examples(train, self._reader, self._names)
        if settings.marked_tokens:
            examples = MarkedExamples(train, self._reader, self._names, settings.marked_tokens)
        batches = examples.batches(self.batch, self.name_share, run.rng("order"))
        options = settings.training(self.lr or settings.lr)
        teach(self._model, batches, run, batch=self.batch, smoothing=self.smoothing, options=options)

    @final
    def link(self, mentions: Mentions, k: int) -> I64:
        """The owners of the best names that a beam search finds."""
        ranked = [np.zeros((0, k), np.int64)]
        for start in range(0, len(mentions), BATCH):
            part = mentions.take(np.arange(start, min(start + BATCH, len(mentions))))
            ranked.append(ranked_entities(self.generate(part), len(part), k))
        return np.concatenate(ranked)

    @final
    def generate(self, mentions: Mentions) -> Written:
        """What the search finds for the mentions."""
        allowed = self._allowed(mentions)
        beams = self._search(self._reader.contexts(mentions), allowed, self._reader.name_length)
        return Written(beams, self._names.entities(beams, allowed))

    @final
    def written(self, mentions: Mentions) -> list[list[Answer]]:
        """The texts of the beams."""
        beams, entities = self.generate(mentions)
        answers: list[list[Answer]] = [[] for _ in range(len(mentions))]
        for text, score, tokens, entity in zip(beams.text, beams.score, beams.tokens, entities, strict=True):
            answers[text].append(Answer(self._reader.text(tokens.tolist()), float(score), int(entity)))
        return answers

    @final
    def mark(self, texts: Sequence[str]) -> Links:
        """The mentions in the best marked copies that a beam search finds, with names of the whole catalogue. What is
        beyond the tokens that the network can read or write is left unmarked."""
        rows = []
        for start in range(0, len(texts), BATCH):
            placed = self._reader.placed(texts[start : start + BATCH])
            source = padded([tokens for tokens, _ in placed], self._reader.source_length)
            allowed = MarkedCopies(source, self._names.trie, renormalise=self.renormalise)
            beams = self._search(source, allowed, self._marked_tokens)
            best = beams.rank() == 0
            for text, tokens in zip(beams.text[best].tolist(), beams.tokens[best].tolist(), strict=True):
                places, end = placed[text][1], 0
                for first, stop, name in mentions_in(tokens):
                    span = places[first][0], places[stop - 1][1]
                    # Bytes of one character, and a word's space, are tokens with the same place as their neighbours.
                    if end <= span[0] < span[1]:
                        (entity,) = self._names.trie.find(np.array([[*name, Mark.END]], np.int32)).tolist()
                        rows.append((start + text, *span, entity))
                        end = span[1]
        return links_of(rows)

    @final
    def index_bytes(self, catalogue: Catalogue, run: Run) -> int:
        """The bytes of the trie, which has the owner of each name at its leaf."""
        return self._indexed(catalogue, reader_of(catalogue, (), run), run.rng("names")).trie.nbytes

    def _search(self, source: I32, allowed: Allowed, length: int) -> Beams:
        with evaluating(self._model):
            writer = ModelWriter(self._model, source, self._device)
            return search(
                writer,
                allowed,
                beam=self.beam,
                length=length,
                rule=self.length_rule,
                early_stopping=self.early_stopping,
            )

    def _indexed(self, catalogue: Catalogue, reader: Reader, rng: np.random.Generator) -> NameIndex:
        written = check_names(self.names(catalogue, rng), catalogue)
        return NameIndex(written, reader.names(written.names))

    def _allowed(self, mentions: Mentions) -> TrieNames | AnyText:
        if self.allowed == "anything":
            return AnyText(len(mentions))
        if self.allowed == "candidates" and mentions.candidates is not None:
            return self._names.names_of(mentions.candidates, renormalise=self.renormalise)
        return self._names.all_names(len(mentions), renormalise=self.renormalise)
