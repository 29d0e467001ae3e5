"""The warm-up: the tower, trained with negatives from BM25, from which every negative sampler starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import torch

from harness.core.artefacts import Recipe
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.nn.training import TrainingOptions, seeded
from harness.run import Run
from harness.tasks.retrieval.models.bm25 import Bm25Lists
from harness.tasks.retrieval.models.encoder import Encoder
from harness.tasks.retrieval.models.index import IndexKind
from harness.tasks.retrieval.models.tower import Tower, TowerOptions
from harness.tasks.retrieval.problems.collection import I64, TrainingSet
from harness.tasks.retrieval.problems.passages import Passages
from harness.tasks.retrieval.problems.tokens import Kind, Tokens, restore, tokenize
from harness.tasks.retrieval.training.contrast import contrast
from harness.tasks.retrieval.training.trace import Trace
from harness.tasks.retrieval.training.view import Batch, View


@dataclass(frozen=True)
class ConstantSettings:
    """The settings that are held constant: texts, tower and training. The task's card documents them."""

    tokenizer: Kind
    vocabulary: int
    document_tokens: int
    query_tokens: int
    width: int
    layers: int
    heads: int
    batch: int
    bm25_depth: int
    warmup_steps: int
    warmup_lr: float
    lr: float
    weight_decay: float

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The settings of a run."""
        return cls(**{name: settings[name] for name in cls.__dataclass_fields__})

    def training(self, lr: float) -> TrainingOptions:
        """The options of the optimizer. Gradients are not clipped, so that their norms are informative."""
        return TrainingOptions(lr=lr, weight_decay=self.weight_decay, clip=0.0)


@dataclass(frozen=True, kw_only=True)
class WarmUp(Recipe):
    """The recipe of the tower's weights after `warmup_steps` steps in which each negative is one of BM25's best
    documents."""

    corpus: str
    training_queries: str
    settings: Mapping[str, Any]
    seed: int
    train: TrainingSet = field(compare=False, repr=False)
    device: str = field(compare=False)
    tokens: Mapping[str, np.ndarray] = field(compare=False, repr=False)
    lists: np.ndarray = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Initialises and trains a tower."""
        settings = ConstantSettings(**self.settings)
        budget = Budget("examples", settings.warmup_steps * settings.batch)
        streams = Streams("retrieval", self.seed, "warm-up")
        run = Run(settings=self.settings, budget=budget, streams=streams, device=self.device)
        with seeded(run):
            view = _view(self.train, self.tokens, self.lists, settings, run)
        contrast(
            view, _bm25_negatives, run, Trace(), batch=settings.batch, options=settings.training(settings.warmup_lr)
        )
        return {name: weight.cpu().numpy() for name, weight in view.encoder.tower.state_dict().items()}


def warmed_up(train: TrainingSet, run: Run, passages: int = 1, index: IndexKind = "exact") -> View:
    """The view from which training starts: that of the tower after the shared warm-up, which reads only first
    passages."""
    settings = ConstantSettings.of(run.settings)
    first_passages = Tokens(
        corpus=train.corpus_digest,
        kind=settings.tokenizer,
        vocabulary=settings.vocabulary,
        length=settings.document_tokens,
        documents=train.documents,
    )
    tokens = run.artefact(first_passages)
    inputs = {"corpus": train.corpus_digest, "training_queries": train.queries_digest}
    bm25 = Bm25Lists(**inputs, depth=settings.bm25_depth, documents=train.documents, queries=train.queries)
    lists = run.artefact(bm25)["lists"]
    weights = run.artefact(
        WarmUp(
            **inputs,
            settings=dict(vars(settings)),
            seed=run.seed("warm-up"),
            train=train,
            device=run.device,
            tokens=tokens,
            lists=lists,
        )
    )
    if passages > 1:
        tokens = run.artefact(replace(first_passages, length=passages * settings.document_tokens))
    with seeded(run):
        view = _view(train, tokens, lists, settings, run, index)
    view.encoder.tower.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    return view


def _bm25_negatives(batch: Batch, view: View) -> I64:
    return view.choose(batch.queries, view.bm25(batch.queries, view.listed), 1)


def _view(
    train: TrainingSet,
    tokens: Mapping[str, np.ndarray],
    lists: np.ndarray,
    settings: ConstantSettings,
    run: Run,
    index: IndexKind = "exact",
) -> View:
    tokenizer = restore(tokens["tokenizer"])
    options = TowerOptions(
        vocabulary=tokenizer.get_vocab_size(),
        width=settings.width,
        layers=settings.layers,
        heads=settings.heads,
        length=max(settings.document_tokens, settings.query_tokens),
    )
    queries = tokenize(tokenizer, train.queries, settings.query_tokens)
    encoder = Encoder(
        Tower(options).to(run.device),
        tokenizer,
        Passages.cut(tokens["documents"], settings.document_tokens, run.device),
        torch.from_numpy(queries).to(run.device),
    )
    return View(encoder, lists, train, run.rng("negatives"), index)
