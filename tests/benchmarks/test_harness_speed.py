"""What the harness itself costs: help, an isolated run that does nothing, and the verbs that read 10,000 records.

The verbs are those of this checkout, or of another one for a comparison:

    HARNESS_CHECKOUT=../before pytest --benchmark-only tests/benchmarks/test_harness_speed.py -k 10000
"""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.records.environment import describe_environment
from harness.records.record import Origin, Record, RecordedScore
from harness.records.store import Store
from harness.registry.find import find
from harness.runs.executors.local import LocalExecutor
from harness.runs.job import Job
from harness.runs.plan import Plan, Planner
from harness.runs.selection import Selection

HERE = Path(__file__).resolve().parents[2]
CHECKOUT = Path(os.environ.get("HARNESS_CHECKOUT") or HERE).resolve()

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
    environment = describe_environment()
    return Planner(find(plugins), Store(folder), environment).plan(selection)


def test_help(benchmark: BenchmarkFixture) -> None:
    """Goal: under 0.3 s."""
    benchmark.pedantic(
        lambda: subprocess.run([sys.executable, "-m", "harness", "--help"], check=True, capture_output=True),
        rounds=7,
        warmup_rounds=1,
    )


def test_isolated_run_that_does_nothing(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Goal: under 0.1 s of overhead a run: `overhead_ms` is what 20 runs take beyond their own clocks."""
    plugin = tmp_path / "nothing.py"
    plugin.write_text(NOTHING)
    jobs = _plan(tmp_path, 20, ("nothing",), (plugin,)).runs
    executor = LocalExecutor()
    executor.run(jobs[:1])  # starts the server
    start = time.perf_counter()
    outcomes = benchmark.pedantic(lambda: executor.run(replace(job, seen="again") for job in jobs), rounds=1)
    wall = time.perf_counter() - start
    assert sum(outcomes.values()) == len(jobs)
    own = sum(costs.setup_s + costs.train_s + costs.eval_s for costs in (r.costs for r in Store(tmp_path).all()))
    benchmark.extra_info["overhead_ms"] = round(1000 * (wall - own) / len(jobs))


WRITE = """
import os, sys
from pathlib import Path

sys.path.insert(0, "tests/benchmarks")
import test_harness_speed as bench

os.fsync = lambda descriptor: None
folder = Path(sys.argv[1])
store = bench.Store(folder)
for run in bench._plan(folder, 2000).runs[:10_000]:
    store.write(bench._record(run))
"""
"""Writes 10,000 records of one task in the form that a checkout stores them in."""

MEASURE = """
import resource, subprocess, sys

done = subprocess.run([sys.executable, "-m", "harness", *sys.argv[1:]], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""
"""Runs the command from a small process: the peak memory of a process begins with that of the one that forks it."""


@pytest.fixture(scope="module")
def ten_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results with 10,000 records, 2,000 seeds of an entrant."""
    folder = tmp_path_factory.mktemp("ten_thousand")
    subprocess.run([sys.executable, "-c", WRITE, str(folder)], check=True, cwd=CHECKOUT, env=_environment())
    return folder


VERBS = {
    "status": ("status",),
    "plan": ("plan", "--seeds", "2000"),
    "table": ("table", "--metric", "mean_spearman"),
    "claims": ("claims",),
    "site": ("site",),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_reads_10000_records(benchmark: BenchmarkFixture, ten_thousand: Path, verb: str) -> None:
    """Goals on an idle machine: `status` and `plan` under 2 s, `table` under 3 s, `claims` under 4 s, each in less than
    300 MB (`peak_mb`); `site`, with a page for each record, under 60 s and in less than 1 GB. `cpu_s` is the least
    processor time of a round; it hardly depends on what else the machine does.
    """
    words = [*VERBS[verb], "--tier", "smoke", "--task", "word_similarity", "--results", str(ten_thousand)]
    costs = []

    def run() -> None:
        measured = [sys.executable, "-c", MEASURE, *words]
        done = subprocess.run(measured, check=True, cwd=CHECKOUT, env=_environment(), capture_output=True, text=True)
        costs.append([float(number) for number in done.stdout.split()])

    benchmark.pedantic(run, rounds=3)
    codes, seconds, megabytes = zip(*costs, strict=True)
    assert set(codes) == {0}
    benchmark.extra_info["cpu_s"] = round(min(seconds), 2)
    benchmark.extra_info["peak_mb"] = round(max(megabytes))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(CHECKOUT)}


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
