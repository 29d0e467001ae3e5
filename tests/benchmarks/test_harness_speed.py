"""What the harness itself costs: help, planning, an isolated run that does nothing, tables from many records."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.records.environment import gather
from harness.records.record import Origin, Record, RecordedScore
from harness.records.scored import scored
from harness.records.store import Store
from harness.registry.find import find
from harness.runs.executors.local import LocalExecutor
from harness.runs.job import Job
from harness.runs.plan import Plan, Selection, make_plan
from harness.tables.build import View, build_tables

NOTHING = """
import numpy as np

from harness.tasks.word_similarity import WordEmbedder


class Nothing(WordEmbedder):
    '''Does nothing.'''

    name = "nothing"

    def fit(self, corpus, run):
        self.table = np.ones((len(corpus.vocabulary), 2), np.float32)

    def vectors(self):
        return self.table
"""


def _plan(folder: Path, seeds: int, entrants: tuple[str, ...] = (), plugins: tuple[Path, ...] = ()) -> Plan:
    selection = Selection(
        tier="smoke", tasks=["word_similarity"], cases=["atlas"], entrants=entrants, seeds=seeds, plugins=plugins
    )
    environment = gather(device="cpu", threads=1, pinned_allocator=True)
    return make_plan(find(plugins), selection, Store(folder), environment)


def test_help(benchmark: BenchmarkFixture) -> None:
    """Goal: under 0.3 s."""
    benchmark.pedantic(
        lambda: subprocess.run([sys.executable, "-m", "harness", "--help"], check=True, capture_output=True),
        rounds=7,
        warmup_rounds=1,
    )


def test_planning_1000_runs(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Goal: under 2 s, the records of all of them there."""
    plan = _plan(tmp_path, 200)
    store = Store(tmp_path)
    for run in plan.runs[:1000]:
        store.write(_record(run.job))
    again = benchmark.pedantic(lambda: _plan(tmp_path, 200), rounds=3)
    assert len(again.runs) >= 1000


def test_isolated_run_that_does_nothing(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Goal: under 0.1 s of overhead a run: `overhead_ms` is what 20 runs take beyond their own clocks."""
    plugin = tmp_path / "nothing.py"
    plugin.write_text(NOTHING)
    jobs = [run.job for run in _plan(tmp_path, 20, ("nothing",), (plugin,)).runs]
    executor = LocalExecutor()
    executor.run(jobs[:1])  # starts the server
    start = time.perf_counter()
    outcomes = benchmark.pedantic(lambda: executor.run(replace(job, seen="again") for job in jobs), rounds=1)
    wall = time.perf_counter() - start
    assert sum(outcomes.values()) == len(jobs)
    own = sum(costs.setup_s + costs.train_s + costs.eval_s for costs in (r.costs for r in Store(tmp_path).all()))
    benchmark.extra_info["overhead_ms"] = round(1000 * (wall - own) / len(jobs))


def test_tables_from_10000_records(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Goal: under 2 s, reading and verifying included."""
    registry = find()
    store = Store(tmp_path)
    runs = _plan(tmp_path, 2000).runs
    for run in runs[:10_000]:
        store.write(_record(run.job))
    card = registry.card("word_similarity")
    tables = benchmark.pedantic(
        lambda: build_tables(scored(store.stored()), card, View(tier="smoke", metric="mean_spearman")), rounds=3
    )
    assert tables


def _record(job: Job) -> Record:
    """A record of realistic size."""
    scores = [
        RecordedScore(metric="spearman", value=0.1 + i / 100, n_used=300, n_expected=353, at={"set": f"set{i}"})
        for i in range(20)
    ]
    scores.append(RecordedScore(metric="mean_spearman", value=0.3 + job.spec.seed / 1e6, n_used=5, n_expected=5))
    return Record(
        key=job.spec.key,
        spec=job.spec,
        status="ok",
        settings=job.resolved.settings,
        primary="mean_spearman",
        metrics=job.card.metrics,
        scores=tuple(scores),
        origin=Origin(kind=job.header.kind, component=job.header.component, code=job.code),
        environment=job.environment,
    )


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
