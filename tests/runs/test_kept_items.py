"""A run keeps the scores of the items that a claim reads, and a tuning trial keeps none."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.records.store import Store
from harness.registry.find import find
from harness.runs import runner
from harness.runs.plan import Planner
from harness.runs.selection import Selection
from harness.tuning.trials import plan_trials

PLUGIN = '''
"""An entrant that learns nothing."""

import numpy as np

from harness.tasks.word_similarity import WordEmbedder


class Kept(WordEmbedder):
    """Vectors by chance."""

    name = "kept"

    def fit(self, corpus, run):
        self.table = run.rng("init").standard_normal((len(corpus.vocabulary), 8)).astype(np.float32)

    def vectors(self):
        return self.table
'''
PAPER = """
[paper]
title = "Nothing"
authors = "A. Author"
venue = "none"
year = 2021
url = "https://example.org"

[[claim]]
id = "orders_pairs"
source = "none"
task = "word_similarity"
tiers = ["small"]
metric = "mean_spearman"
kind = "within"
estimand = "level"
of = "kept"
lower = 0.0
"""
SELECTION = Selection(tier="smoke", tasks=["word_similarity"], cases=["atlas"], entrants=["kept"], seeds=1)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "kept_entrant.py"
    path.write_text(PLUGIN)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("harness.core.limits.limit_memory", lambda megabytes: None)
    yield path
    sys.modules.pop("kept_entrant", None)


def _kept(plugin: Path) -> tuple[set[str], set[str]]:
    """The metrics that a run measured for each item, and those of which it kept the items' scores."""
    (run,) = Planner(find([plugin]), Store(plugin.parent / "results")).plan(SELECTION).runs
    attempt = runner._Attempt(run)
    record = attempt.run()
    assert record.status == "ok", record.failure
    assert {score.items for score in record.scores} - {""} == attempt.items.keys()
    return {score.metric for score in record.scores}, {score.metric for score in record.scores if score.items}


def test_only_what_a_claim_reads_is_kept(plugin: Path) -> None:
    (plugin.parent / "paper.toml").write_text(PAPER)
    measured, kept = _kept(plugin)
    assert measured > kept == {"mean_spearman"}


def test_nothing_is_kept_where_no_claim_is_about_the_entrant(plugin: Path) -> None:
    assert _kept(plugin)[1] == set()


def test_a_trial_keeps_no_items_and_no_curve(plugin: Path) -> None:
    (plugin.parent / "paper.toml").write_text(PAPER)
    registry = find([plugin])
    planner = Planner(registry, Store(plugin.parent / "results"))
    card = registry.card("word_similarity")
    header = registry.header("word_similarity", "kept")
    tuning = plan_trials(planner, planner.default(card, card.resolve("smoke", "atlas"), header), 1, 1)
    attempt = runner._Attempt(tuning.trials[0][0])
    record = attempt.run()
    assert record.status == "ok", record.failure
    assert attempt.items == {}
    assert record.curve == ()
