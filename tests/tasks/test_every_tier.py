"""Every tier's settings fit each other, `large` and `paper` too: problems have their shapes, models are built at their
size, weights are counted, and a step of training is taken on a few made-up items. Generation and control have tests of
their own."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
import torch

import tiny
from baselines.entity_linking.bi_encoder import BiEncoder
from baselines.federated.scaffold import Scaffold
from baselines.image_classification.bit_resnet import BitResNet
from baselines.mlm.whole_word import WholeWord
from baselines.ood_dynamics.lstm import Lstm
from baselines.retrieval.random_negatives import RandomNegatives
from baselines.word_similarity.sgns import Sgns
from harness.core.artefacts import Cache
from harness.core.card import Resolved
from harness.core.seeds import Streams
from harness.core.spec import TIERS, Budget
from harness.nn.seq2seq import EncoderDecoder
from harness.registry.find import find, load_task
from harness.run import Run
from harness.tasks.entity_linking import ConstantSettings
from harness.tasks.mlm.models.network import Network
from methods.fedopt.fedopt import FedAdam
from methods.flyvec.flyvec import FlyVec
from methods.genre.genre import Genre
from methods.performer.performer import Performer
from methods.rims.rims import Rims
from methods.vit.vit import Vit

REGISTRY = find()
SPLITS = {"train_items": tiny.ITEMS, "valid_items": 1, "test_items": 1}


class Trial(NamedTuple):
    """How a task's settings are tried: what makes its data, which entrants learn, what one step costs, and the settings
    that make it small: numbers of items and of steps, and (`shortened`) lengths that only cost time. Cases of which
    `shape_of` is the same differ in nothing that networks see, but in their settings."""

    made: Callable[..., tiny.Made]
    entrants: tuple[Callable[[], Any], ...]
    cost: int
    settings: Mapping[str, Any]
    shortened: Mapping[str, int] = {}
    shape_of: Callable[[str], str] = str


TRIALS: Final[Mapping[str, Trial]] = {
    "word_similarity": Trial(
        tiny.word_similarity,
        (FlyVec, Sgns),
        600,
        {},
        shape_of=lambda case: "atlas" if case in ("atlas", "cost") else "texts",
    ),
    "long_range": Trial(tiny.long_range, (Performer,), 1, {**SPLITS, "batch": 1}),
    "retrieval": Trial(
        tiny.retrieval,
        (RandomNegatives,),
        tiny.ITEMS,
        {"batch": tiny.ITEMS, "warmup_steps": 1, "bm25_depth": 5},
        {"document_tokens": 16, "query_tokens": 8},
        shape_of=lambda _: "texts",
    ),
    "image_classification": Trial(
        tiny.image_classification,
        (Vit, BitResNet),
        1,
        {"batch": 1, "tune_batch": 1, "tune_share": 0},
        shape_of=lambda case: "colour" if "cifar10" in case else "grey",
    ),
    "ood_dynamics": Trial(tiny.ood_dynamics, (Rims, Lstm), tiny.ITEMS, {**SPLITS, "batch": tiny.ITEMS}),
    "mlm": Trial(
        tiny.mlm, (WholeWord,), tiny.ITEMS, {"batch": tiny.ITEMS, "least": 1}, {"length": 102}, lambda _: "texts"
    ),
    "entity_linking": Trial(
        tiny.entity_linking,
        (partial(Genre, batch=tiny.ITEMS, beam=2), partial(BiEncoder, batch=tiny.ITEMS)),
        tiny.ITEMS,
        {},
        shape_of=lambda _: "texts",
    ),
    "federated": Trial(tiny.federated, (FedAdam, Scaffold), 1, {"cohort": 2, "client_batch": tiny.ITEMS}),
}
"""The tasks whose tiers are tried here."""
NARROWER: Final[Mapping[tuple[str, str], Mapping[str, int]]] = {
    ("entity_linking", "paper"): {"width": 64, "layers": 1, "source_tokens": 128}
}
"""A smaller network in place of the one whose weights, gradients and moments take more than two gigabytes; its weights
are counted on the meta device."""

PUBLISHED: Final[Mapping[tuple[str, str, Callable[[], Any]], float]] = {("image_classification", "paper", Vit): 86e6}
"""Numbers of weights that papers state."""
SIZES: Final = re.compile(
    r"^(train|valid|test)_|^tokens$|_words$|entities|distractors|questions|clients|repeats|target"
)
"""Settings that say how much data there is, or what is measured."""


def cases() -> list[Any]:
    """Every task, tier and case with other shapes or settings than one before it. The smoke tier is run elsewhere."""
    found: dict[str, Any] = {}
    for task, trial in TRIALS.items():
        card = REGISTRY.card(task)
        for resolved in (resolved for tier in TIERS[1:] for resolved in card.at_tier(tier)):
            if resolved.budget.total:
                case = resolved.case.id
                settings = [(name, value) for name, value in resolved.settings.items() if not SIZES.search(name)]
                trials = f"{task} {trial.shape_of(case)} {settings}"
                found.setdefault(trials, pytest.param(task, resolved, id=f"{task}-{resolved.tier}-{case}"))
    return list(found.values())


@pytest.mark.parametrize(("task", "resolved"), cases())
def test_a_step_is_taken_and_weights_are_counted(task: str, resolved: Resolved, tmp_path: Path) -> None:
    trial = TRIALS[task]
    shortened = {name: min(resolved.settings[name], most) for name, most in trial.shortened.items()}
    settings = {**resolved.settings, **trial.settings, **shortened, **NARROWER.get((task, resolved.tier), {})}

    def handle() -> Run:
        budget = Budget(resolved.budget.unit, trial.cost)
        return Run(settings=settings, budget=budget, streams=Streams(task, 0), cache=Cache(tmp_path))

    problem = load_task(REGISTRY.card(task), REGISTRY.homes[task]).problem
    made = trial.made(resolved.model_copy(update={"settings": settings}), handle(), problem)
    for entrant in trial.entrants:
        system, run = entrant(), handle()
        system.fit(made.train, run)
        assert run.spent == trial.cost
        assert system.weights() == pytest.approx(
            PUBLISHED.get((task, resolved.tier, entrant), system.weights()), rel=0.01
        )
        assert system.weights() > 0
        answer = np.asarray(made.ask(system))
        assert answer.size
        assert np.isfinite(answer).all()


def test_networks_of_the_paper_that_read_text_have_its_number_of_weights() -> None:
    """Without weights in memory: BART-large, from which GENRE starts, has 406 million weights, and BERT-base 110."""
    linking, masking = (
        REGISTRY.card(task).resolve("paper", case).settings
        for task, case in (("entity_linking", "diseases"), ("mlm", "wikipedia"))
    )
    with torch.device("meta"):
        options = ConstantSettings.of(linking).network(linking["vocabulary"], 0.2)
        networks = EncoderDecoder(options), Network(torch.zeros(masking["vocabulary"]), masking)
    numbers = [sum(weight.numel() for weight in network.parameters()) for network in networks]
    assert numbers == [pytest.approx(406e6, rel=0.05), pytest.approx(110e6, rel=0.02)]
