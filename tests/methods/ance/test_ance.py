"""ANCE: when it refreshes, which checkpoint its negatives come from, and that it learns."""

import copy

import numpy as np
import pytest
import torch

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.retrieval.task import Retrieval
from methods.ance.ablations import StaticHardNegatives
from methods.ance.ance import Ance
from methods.ance.maxp import AnceMaxp

TASK = Retrieval(read_card(HARNESS / "tasks" / "retrieval" / "task.toml"))


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    cache = Cache(tmp_path_factory.mktemp("artefacts"))
    resolved = TASK.card.resolve("smoke", "atlas")
    return lambda: Run(settings=resolved.settings, budget=resolved.budget, streams=Streams("retrieval", 0), cache=cache)


@pytest.fixture(scope="module")
def train(smoke):
    return TASK.problem("atlas", smoke()).train


class Watched(Ance):
    """ANCE that keeps, for every step, the tower's weights before it and the negatives."""

    def __post_init__(self):
        self.steps = []

    def negatives(self, batch, view):
        chosen = super().negatives(batch, view)
        self.steps.append((view, copy.deepcopy(view.encoder.tower), batch.queries, chosen))
        return chosen


def nearest(view, tower, queries, k):
    """The k best documents of each query that do not answer it, from all scores of a tower; sets."""
    encoder = copy.copy(view.encoder)
    encoder.tower = tower
    scores = (encoder.all_queries() @ encoder.all_documents().T).numpy()
    scores[view.positives.queries, view.positives.documents] = -np.inf
    return [set(row) for row in np.argsort(-scores[queries], axis=1)[:, :k].tolist()]


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_negatives_are_the_nearest_neighbours_of_the_checkpoint_at_the_lag(smoke, train, lag):
    """From lists of one document; every step of the training."""
    sampler = Watched(refresh=10, lag=lag, top_k=1)
    sampler.fit(train, smoke())
    assert len(sampler.steps) == 40
    for step, (view, _, queries, chosen) in enumerate(sampler.steps):
        checkpoint = max(0, step // 10 - lag) * 10
        expected = nearest(view, sampler.steps[checkpoint][1], queries, 1)
        assert [set(row) for row in chosen.tolist()] == expected


def test_negatives_lie_within_the_list(smoke, train):
    sampler = Watched(refresh=0, top_k=5, m=40)
    sampler.fit(train, smoke())
    view, tower, queries, chosen = sampler.steps[0]
    expected = nearest(view, tower, queries, 5)
    assert all(set(row) <= allowed for row, allowed in zip(chosen.tolist(), expected, strict=True))
    assert set(chosen.ravel().tolist()) == set().union(*expected)


def test_never_refreshing_is_the_static_ablation_bit_for_bit(smoke, train):
    one, other = Ance(refresh=10**9, top_k=20), StaticHardNegatives(top_k=20)
    for sampler in (one, other):
        sampler.fit(train, smoke())
    for mine, theirs in zip(one.tower.parameters(), other.tower.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_maxp_is_ance_on_four_passages(smoke, train):
    """Every third document of the smoke tier has a second passage."""
    samplers = AnceMaxp(refresh=10, top_k=5), Ance(refresh=10, top_k=5, passages=4), Ance(refresh=10, top_k=5)
    for sampler in samplers:
        sampler.fit(train, smoke())
    maxp, same, firstp = (sampler.tower.embedding.weight for sampler in samplers)
    assert torch.equal(maxp, same)
    assert not torch.equal(maxp, firstp)


def test_no_document_that_answers_is_ever_a_negative(smoke, train):
    """In any step, with every document of the corpus in the lists."""
    for options in ({}, {"passages": 2}):
        sampler = Watched(refresh=10, top_k=90, m=20, **options)
        sampler.fit(train, smoke())
        for view, _, queries, chosen in sampler.steps:
            assert (view.positives.grade(queries, chosen) == 0).all()


def test_refreshing_changes_the_trained_tower(smoke, train):
    one, other = Ance(refresh=10, lag=0, top_k=5), StaticHardNegatives(top_k=5)
    for sampler in (one, other):
        sampler.fit(train, smoke())
    assert not torch.equal(one.tower.embedding.weight, other.tower.embedding.weight)


def test_ance_learns_and_its_negatives_are_its_own_neighbours(smoke):
    run = smoke()
    problem = TASK.problem("atlas", run)
    sampler = Ance(refresh=10, top_k=20)
    sampler.fit(problem.train, run)
    scores = {score.metric: score.value for score in TASK.measure(sampler, problem.test, run.for_measuring())}
    assert scores["mrr@10"] > 5 * problem.chance["mrr@10"]
    assert scores["overlap"] == 1.0
    assert sampler.diagnostics().refresh_s["encode"] > 0


def test_published_numbers_and_claims_can_be_read():
    import tomllib

    paper = tomllib.loads((HARNESS.parent / "methods" / "ance" / "paper.toml").read_text())
    assert {claim["task"] for claim in paper["claim"]} == {"retrieval"}
    assert {row["metric"] for row in paper["published"]} <= TASK.card.metrics.keys()
