"""Mentions and names as vectors."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor
from torch.nn import functional

from harness.nn.training import seeded, train
from harness.run import Run
from harness.tasks.entity_linking import (
    I64,
    Catalogue,
    ConstantSettings,
    EntityLinker,
    Mentions,
    Tower,
    TrainingSet,
    best_entities,
    mixed_rows,
    reader_of,
)

Batch = tuple[I64, I64, I64]
"""Rows of what is read, of the names that are right, and of hard negatives [n m]."""


class BiEncoder(EntityLinker):
    """BLINK's bi-encoder (Wu et al., 2020): the entity of the name whose vector has the largest inner product with the
    mention's.

    Trained by a softmax over the names of the batch; in the last `hard_share` of the budget, each mention also has the
    `hard` names of other entities that the bi-encoder itself then ranks highest. Names are read as mentions too,
    `name_share` of each batch. `index` says which names have a vector: all, of which an entity's best counts, or the
    preferred one. Mentions and names are encoded by the same tower (BLINK has two, from a pre-trained BERT), and an
    entity is read by its name (BLINK also reads a description, which catalogues here lack).
    """

    name = "bi_encoder"
    search_space = {"lr": (5e-4, 4e-3), "name_share": [0.3, 0.5, 0.7]}
    allowed: Literal["candidates", "catalogue"] = "candidates"
    index: Literal["all", "preferred"] = "all"
    lr: Annotated[float, Gt(0)] | None = None
    batch: Annotated[int, Ge(2)] = 64
    name_share: Annotated[float, Ge(0), Le(1)] = 0.5
    hard: Annotated[int, Ge(1)] = 10
    hard_share: Annotated[float, Ge(0), Le(1)] = 0.2
    embedding_std: Annotated[float, Gt(0)] = 1.0

    def fit(self, train_on: TrainingSet, run: Run) -> None:
        settings = ConstantSettings.of(run.settings)
        self.reader = reader_of(train_on.catalogue, train_on.mentions.read_texts, run)
        self.catalogue = train_on.catalogue if self.index == "all" else train_on.catalogue.preferred()
        self.device = run.device
        with seeded(run):
            self.tower = Tower(settings.encoder(self.reader.vocabulary), self.embedding_std).to(run.device)
        pairs = _Pairs(self, train_on, run)
        self.vectors: Tensor | None = None
        options = settings.training(self.lr or settings.lr)
        steps = max(1, run.budget.total // self.batch)
        first = steps - round(self.hard_share * steps)
        train(self.tower, pairs.batches(first), pairs.loss, run, cost=self.batch, options=options)
        self.vectors = self.tower.vectors(self.reader.alone(self.catalogue.names), run.device)

    def link(self, mentions: Mentions, k: int) -> I64:
        assert self.vectors is not None
        queries = self.tower.vectors(self.reader.contexts(mentions), self.device)
        ranked = [np.zeros((0, k), np.int64)]
        for start in range(0, len(mentions), 256):
            part = mentions.take(np.arange(start, min(start + 256, len(mentions))))
            scores = self.by_entity(queries[start : start + 256] @ self.vectors.T)
            ranked.append(best_entities(scores, k, part.candidates if self.allowed == "candidates" else None))
        return np.concatenate(ranked)

    def by_entity(self, scores: Tensor) -> Tensor:
        """F32[n entities]: the score of each entity's best name, of F32[n names]."""
        best = torch.full((len(scores), self.catalogue.entities), -torch.inf, device=scores.device)
        owners = torch.from_numpy(self.catalogue.owners.copy()).to(scores.device)
        return best.scatter_reduce(1, owners.expand(len(scores), -1), scores, "amax")

    def index_bytes(self, catalogue: Catalogue, run: Run) -> int:
        """A vector of 32-bit numbers for each name, and, where an entity may have several, the owner of each."""
        names = catalogue if self.index == "all" else catalogue.preferred()
        owners = 4 * len(names.names) if len(names.names) > names.entities else 0
        return 4 * ConstantSettings.of(run.settings).width * len(names.names) + owners


class _Pairs:
    """The pairs of what is read and the name that is right, from which the tower learns."""

    def __init__(self, linker: BiEncoder, train_on: TrainingSet, run: Run) -> None:
        self._linker = linker
        self._rng = run.rng("order")
        self._names = linker.catalogue
        self._contexts = linker.reader.contexts(train_on.mentions)
        self._alone = linker.reader.alone(train_on.catalogue.names)
        self._read = np.concatenate((self._contexts, self._alone))
        self._entities = np.concatenate((train_on.entities, train_on.catalogue.owners))

    def batches(self, first_hard: int) -> Iterator[Batch]:
        """Endless batches. From step `first_hard` on, they have hard negatives for what is read in a context."""
        linker = self._linker
        counts, shares = (len(self._contexts), len(self._alone)), (1 - linker.name_share, linker.name_share)
        ranked: I64 | None = None
        for step, (mentions, names) in enumerate(mixed_rows(counts, shares, linker.batch, self._rng)):
            read = np.concatenate((mentions, len(self._contexts) + names))
            if step >= first_hard and ranked is None:
                ranked = self._nearest()
            hard = np.zeros((len(read), 0), np.int64)
            if ranked is not None:
                hard = np.full((len(read), ranked.shape[1]), -1)
                hard[: len(mentions)] = ranked[mentions]
            yield read, self._name_of(self._entities[read]), hard

    def loss(self, batch: Batch) -> Tensor:
        """The cross-entropy of the right name among the names of the batch and the hard negatives of what is read;
        names of the same entity are no negatives."""
        read, right, hard = batch
        names = np.concatenate((right, hard[hard >= 0]))
        owner = np.append(np.arange(len(right)), np.nonzero(hard >= 0)[0])
        queries, vectors = self._encode(self._read[read]), self._encode(self._alone_names(names))
        same_entity = self._entities[read][:, None] == self._names.owners[names]
        foreign = (np.arange(len(names)) >= len(right)) & (owner != np.arange(len(read))[:, None])
        barred = (same_entity & (np.arange(len(names)) != np.arange(len(read))[:, None])) | foreign
        scores = (queries @ vectors.T).masked_fill(torch.from_numpy(barred).to(vectors.device), -torch.inf)
        return functional.cross_entropy(scores, torch.arange(len(read), device=scores.device))

    def _encode(self, tokens: np.ndarray) -> Tensor:
        vectors: Tensor = self._linker.tower(torch.from_numpy(tokens.astype(np.int64)).to(self._linker.device))
        return vectors

    def _alone_names(self, rows: I64) -> np.ndarray:
        return self._alone[rows]

    def _name_of(self, entities: I64) -> I64:
        """I64[n]: a name of each entity that has a vector, drawn at random."""
        entry, rows = self._names.names_of(entities)
        first = np.searchsorted(entry, np.arange(len(entities)))
        drawn: I64 = rows[first + self._rng.integers(np.bincount(entry, minlength=len(entities)))]
        return drawn

    def _nearest(self) -> I64:
        """I64[mentions hard]: for each mention the names of other entities that the tower ranks highest; -1 after the
        last."""
        linker = self._linker
        vectors = linker.tower.vectors(self._alone[: len(self._names.names)], linker.device)
        queries = linker.tower.vectors(self._contexts, linker.device)
        found = np.full((len(queries), linker.hard), -1)
        owners = torch.from_numpy(self._names.owners.copy()).to(linker.device)
        gold = torch.from_numpy(self._entities[: len(queries)]).to(linker.device)
        for start in range(0, len(queries), 256):
            scores = queries[start : start + 256] @ vectors.T
            scores[gold[start : start + 256, None] == owners] = -torch.inf
            best, rows = scores.topk(min(linker.hard, scores.shape[1]), dim=1)
            found[start : start + 256, : rows.shape[1]] = torch.where(best == -torch.inf, -1, rows).cpu().numpy()
        return found
