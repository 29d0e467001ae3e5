"""A classifier over the entities of the training data."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.training import evaluating, seeded, train
from harness.run import Run
from harness.tasks.entity_linking import (
    I64,
    ConstantSettings,
    EntityLinker,
    Mentions,
    Tower,
    TrainingSet,
    best_entities,
    mixed_rows,
    reader_of,
)


class Classifier(EntityLinker):
    """A closed-set classifier on the encoder that the generators have, whose classes are all entities of the catalogue.

    It learns from linked mentions, and from names, `name_share` of each batch, so that an entity without a linked
    mention is known by its names alone.
    """

    name = "classifier"
    cases = ("atlas", "diseases", "new_diseases", "speed")
    search_space = {"lr": [5e-4, 2e-3, 4e-3, 8e-3]}
    allowed: Literal["candidates", "catalogue"] = "candidates"
    lr: Annotated[float, Gt(0)] | None = None
    batch: Annotated[int, Ge(1)] = 32
    name_share: Annotated[float, Ge(0)] = 0.5
    embedding_std: Annotated[float, Gt(0)] = 0.2

    def fit(self, train_on: TrainingSet, run: Run) -> None:
        settings = ConstantSettings.of(run.settings)
        catalogue = train_on.catalogue
        self.reader = reader_of(catalogue, train_on.mentions.read_texts, run)
        self.device = run.device
        with seeded(run):
            tower = Tower(settings.encoder(self.reader.vocabulary), self.embedding_std)
            self.model = nn.Sequential(tower, nn.Linear(settings.width, catalogue.entities)).to(run.device)
        contexts, names = self.reader.contexts(train_on.mentions), self.reader.alone(catalogue.names)

        def batches() -> Iterator[tuple[Tensor, Tensor]]:
            counts, shares = (len(contexts), len(names)), (1 - self.name_share, self.name_share)
            for mentions, named in mixed_rows(counts, shares, self.batch, run.rng("order")):
                tokens = np.concatenate((contexts[mentions], names[named])).astype(np.int64)
                entities = np.concatenate((train_on.entities[mentions], catalogue.owners[named]))
                yield torch.from_numpy(tokens).to(run.device), torch.from_numpy(entities).to(run.device)

        def loss(pairs: tuple[Tensor, Tensor]) -> Tensor:
            return functional.cross_entropy(self.model(pairs[0]), pairs[1])

        train(self.model, batches(), loss, run, cost=self.batch, options=settings.training(self.lr or settings.lr))

    def link(self, mentions: Mentions, k: int) -> I64:
        ranked = [np.zeros((0, k), np.int64)]
        for start in range(0, len(mentions), 256):
            part = mentions.take(np.arange(start, min(start + 256, len(mentions))))
            with evaluating(self.model):
                tokens = torch.from_numpy(self.reader.contexts(part).astype(np.int64)).to(self.device)
                scores = self.model(tokens)
            ranked.append(best_entities(scores, k, part.candidates if self.allowed == "candidates" else None))
        return np.concatenate(ranked)
