"""Mentions and names as vectors."""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor, nn
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

CHUNK = 256
"""The number of mentions that are compared with all names at a time."""


class Batch(NamedTuple):
    """What is read, the rows of the names that are right, and rows of hard negatives; I64[n], I64[n], I64[n m]. -1
    stands for no hard negative."""

    read: I64
    right: I64
    hard: I64


class BiEncoder(EntityLinker):
    """BLINK's bi-encoder (Wu et al., 2020): the entity of the name whose vector has the largest inner product with the
    mention's.

    Trained by a softmax over the names of the batch; in the last `hard_share` of the budget, each mention also has the
    `hard` names of other entities that the bi-encoder itself then ranks highest. Names are read as mentions too,
    `name_share` of each batch. `index` says which names have a vector: all, of which an entity's best counts, or the
    preferred one. `towers` says whether mentions and names are encoded by the same tower or, as in BLINK, by one each.
    An entity is read by its names; BLINK, which starts from BERT, also reads a description, which catalogues here lack.
    """

    name = "bi_encoder"
    cases = ("atlas", "atlas_titles", "diseases", "new_diseases", "index", "disease_index", "speed")
    search_space = {"lr": [5e-4, 2e-3, 4e-3, 8e-3], "towers": ["one", "two"], "embedding_std": [0.2, 1.0]}
    allowed: Literal["candidates", "catalogue"] = "candidates"
    index: Literal["all", "preferred"] = "all"
    towers: Literal["one", "two"] = "two"
    lr: Annotated[float, Gt(0)] | None = None
    batch: Annotated[int, Ge(2)] = 64
    name_share: Annotated[float, Ge(0), Le(1)] = 0.5
    hard: Annotated[int, Ge(1)] = 10
    hard_share: Annotated[float, Ge(0), Le(1)] = 0.5
    embedding_std: Annotated[float, Gt(0)] = 0.2

    def fit(self, train_on: TrainingSet, run: Run) -> None:
        settings = ConstantSettings.of(run.settings)
        catalogue = train_on.catalogue
        self.reader = reader_of(catalogue, train_on.mentions.read_texts, run)
        self.names = catalogue if self.index == "all" else catalogue.preferred()
        self.device = run.device
        with seeded(run):
            size = settings.encoder(self.reader.vocabulary)
            self.mention_tower = Tower(size, self.embedding_std).to(run.device)
            self.name_tower = self.mention_tower
            if self.towers == "two":
                self.name_tower = Tower(size, self.embedding_std).to(run.device)
        self.name_tokens = self.reader.alone(catalogue.names)
        self.mention_tokens = self.reader.contexts(train_on.mentions)
        self.read_tokens = np.concatenate((self.mention_tokens, self.name_tokens))
        self.read_entities = np.concatenate((train_on.entities, catalogue.owners))
        train(
            nn.ModuleList([self.mention_tower, self.name_tower]),
            self.batches(run.budget.total // self.batch, run.rng("order")),
            self.loss,
            run,
            cost=self.batch,
            options=settings.training(self.lr or settings.lr),
        )
        self.vectors = self.name_vectors()

    def batches(self, steps: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Endless batches; in the last `hard_share` of the steps, mentions have hard negatives."""
        mentions = len(self.mention_tokens)
        counts, shares = (mentions, len(self.name_tokens)), (1 - self.name_share, self.name_share)
        first_hard, nearest = steps - round(self.hard_share * steps), None
        for step, (linked, alone) in enumerate(mixed_rows(counts, shares, self.batch, rng)):
            read = np.concatenate((linked, mentions + alone))
            hard = np.full((len(read), self.hard), -1)
            if step >= first_hard:
                nearest = self.nearest_others() if nearest is None else nearest
                hard[: len(linked)] = nearest[linked]
            yield Batch(read, self.name_of(self.read_entities[read], rng), hard)

    def loss(self, batch: Batch) -> Tensor:
        """The cross-entropy of the right name among the right names of the batch and what is read's own hard
        negatives."""
        own, place = np.nonzero(batch.hard >= 0)
        names = np.concatenate((batch.right, batch.hard[own, place]))
        reader = np.concatenate((np.arange(len(batch.right)), own))  # of which row a name is the right or a hard one
        is_hard = np.arange(len(names)) >= len(batch.right)
        rows = np.arange(len(batch.read))[:, None]
        same_entity = self.read_entities[batch.read][:, None] == self.names.owners[names]
        # Another name of the same entity is no negative, and nobody else's hard negatives are.
        barred = np.where(reader == rows, False, same_entity | is_hard)
        queries = self.mention_tower(self.on_device(self.read_tokens[batch.read]))
        scores = queries @ self.name_tower(self.on_device(self.name_tokens[names])).T
        scores = scores.masked_fill(torch.from_numpy(barred).to(scores.device), -torch.inf)
        return functional.cross_entropy(scores, torch.arange(len(scores), device=scores.device))

    def name_of(self, entities: I64, rng: np.random.Generator) -> I64:
        """I64[n]: the row of a name that has a vector, drawn at random from those of each entity."""
        position, rows = self.names.names_of(entities)
        first = np.searchsorted(position, np.arange(len(entities)))
        drawn: I64 = rows[first + rng.integers(np.bincount(position, minlength=len(entities)))]
        return drawn

    def nearest_others(self) -> I64:
        """I64[mentions hard]: for each training mention the names of other entities that are ranked highest; -1 after
        the last."""
        vectors = self.name_vectors()
        queries = self.mention_tower.vectors(self.mention_tokens, self.device)
        owners = torch.from_numpy(self.names.owners.copy()).to(self.device)
        gold = torch.from_numpy(self.read_entities[: len(queries)]).to(self.device)
        nearest = np.full((len(queries), self.hard), -1)
        for start in range(0, len(queries), CHUNK):
            rows = slice(start, start + CHUNK)
            scores = (queries[rows] @ vectors.T).masked_fill(gold[rows, None] == owners, -torch.inf)
            best, names = scores.topk(min(self.hard, scores.shape[1]), dim=1)
            nearest[rows, : names.shape[1]] = torch.where(best == -torch.inf, -1, names).cpu().numpy()
        return nearest

    def link(self, mentions: Mentions, k: int) -> I64:
        queries = self.mention_tower.vectors(self.reader.contexts(mentions), self.device)
        owners = torch.from_numpy(self.names.owners.copy()).to(self.device)
        ranked = [np.zeros((0, k), np.int64)]
        for start in range(0, len(mentions), CHUNK):
            part = mentions.take(np.arange(start, min(start + CHUNK, len(mentions))))
            scores = queries[start : start + CHUNK] @ self.vectors.T
            best = torch.full((len(part), self.names.entities), -torch.inf, device=scores.device)
            best = best.scatter_reduce(1, owners.expand(len(part), -1), scores, "amax")
            ranked.append(best_entities(best, k, part.candidates if self.allowed == "candidates" else None))
        return np.concatenate(ranked)

    def index_bytes(self, catalogue: Catalogue, run: Run) -> int:
        """A vector of 32-bit numbers for each name, and, where an entity may have several, the owner of each."""
        names = catalogue if self.index == "all" else catalogue.preferred()
        owners = 4 * len(names.names) if len(names.names) > names.entities else 0
        return 4 * ConstantSettings.of(run.settings).width * len(names.names) + owners

    def name_vectors(self) -> Tensor:
        """F32[names width]."""
        return self.name_tower.vectors(self.name_tokens[: len(self.names.names)], self.device)

    def on_device(self, tokens: np.ndarray) -> Tensor:
        return torch.from_numpy(tokens.astype(np.int64)).to(self.device)
