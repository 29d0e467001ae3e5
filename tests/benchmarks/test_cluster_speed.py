"""What runs on other machines cost beyond themselves: by their number, and each of them beside a local run.

The simulation of scale plans, places, carries, verifies and files runs that do nothing, with scheduler and worker in
this process. All sizes, the largest of which takes minutes:

    pytest --benchmark-only tests/benchmarks/test_cluster_speed.py -k scale
"""

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from distributed import Client, Scheduler, SpecCluster
from pytest_benchmark.fixture import BenchmarkFixture

from clusters import Engine, wait_until
from harness.records.environment import describe_environment
from harness.records.form import to_files
from harness.records.record import RecordedScore
from harness.records.store import Store
from harness.registry.find import find
from harness.runs.executors.cluster import ClusterExecutor
from harness.runs.executors.engine import connect
from harness.runs.executors.local import LocalExecutor
from harness.runs.executors.member import Member
from harness.runs.executors.orders import Order
from harness.runs.executors.serving import Delivery, Worker
from harness.runs.job import Job
from harness.runs.plan import Planner
from harness.runs.selection import Selection

PAIRS = 5


class Simulated(Worker):
    """Delivers a record of every order at once, and runs nothing."""

    def do(self, order: Order, is_interrupted: Callable[[], bool]) -> Delivery:
        score = RecordedScore(metric=order.job.resolved.primary, value=0.5, n_used=5, n_expected=5)
        files = to_files(order.job.record("ok", datetime.now(UTC), scores=(score,)))
        shared = {f"shared/{digest}.json": data for digest, data in files.shared.items()}
        return Delivery("ok", {**shared, order.job.spec.place: files.own})


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpecCluster]:
    """A scheduler and a worker of four runs at a time in this process."""
    worker = {"cls": Member, "options": {"worker": Simulated(tmp_path_factory.mktemp("worker"), 4)}}
    scheduler = {"cls": Scheduler, "options": {"protocol": "inproc", "dashboard_address": "127.0.0.1:0"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.runs.executors.serving.usable_cores", lambda: 4)
        with SpecCluster(workers={0: worker}, scheduler=scheduler) as cluster:
            yield cluster


def _jobs(store: Store, selection: Selection) -> list[Job]:
    return Planner(find(selection.plugins), store, describe_environment()).plan(selection).runs


@pytest.mark.parametrize("seeds", [5, 50, 500])
def test_the_scale_of_runs(benchmark: BenchmarkFixture, simulated: SpecCluster, tmp_path: Path, seeds: int) -> None:
    """Goal: what a run costs (`cpu_ms_a_run`) does not depend on their number: about 1,000, 10,000 and 100,000 runs of
    all entrants in all cases."""
    store, begun = Store(tmp_path), time.perf_counter()
    jobs = _jobs(store, Selection(tier="smoke", seeds=seeds))
    runs = len(jobs)
    planned = time.perf_counter() - begun
    executor = ClusterExecutor(partial(Client, simulated, set_as_default=False))
    begun, cpu = time.perf_counter(), time.process_time()
    statuses = benchmark.pedantic(lambda: executor.run(jobs), rounds=1)
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    assert statuses == {"ok": runs}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    facts: dict[str, float] = {
        "runs": runs,
        "plan_s": planned,
        "ms_a_run": 1000 * wall / runs,
        "cpu_ms_a_run": 1000 * cpu / runs,
        "peak_mb": peak_mb,
    }
    benchmark.extra_info.update({name: round(value, 2) for name, value in facts.items()})
    print(benchmark.extra_info)


@pytest.mark.parametrize("wait", [0.0, 2.0])
def test_a_run_beside_a_local_one(benchmark: BenchmarkFixture, tmp_path: Path, wait: float) -> None:
    """Goals: less than 5 % longer for runs of 2 s and longer, less than 0.2 s for those that do nothing (`remote_s`).
    Both sides do one run at a time, in turns, so that what else the machine does meets both."""
    engine = Engine.at(tmp_path)
    try:
        engine.scheduler()
        worker = engine.worker("--workers", "1")
        wait_until(lambda: "at a time" in engine.says(worker))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NOTES", str(tmp_path / "notes"))
            patch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
            plugin = tmp_path / "plugin" / "slow_entrant.py"
            selection = Selection(
                tier="smoke",
                tasks=["word_similarity"],
                cases=["atlas"],
                entrants=[f"slow[wait={wait}]"],
                seeds=4,
                plugins=(plugin,),
            )
            jobs = _jobs(Store(tmp_path / "both"), selection)
            sides = {"local": LocalExecutor(), "remote": ClusterExecutor(partial(connect, engine.address))}
            seconds: dict[str, list[float]] = {name: [] for name in sides}

            def in_turns() -> None:
                for number in range(PAIRS + 1):
                    for name, executor in sides.items():
                        begun = time.perf_counter()
                        executor.run(replace(job, seen="again", results=tmp_path / f"{name}{number}") for job in jobs)
                        if number:  # the first turn starts the servers
                            seconds[name].append((time.perf_counter() - begun) / len(jobs))

            benchmark.pedantic(in_turns, rounds=1)
    finally:
        engine.stop()
    medians = {f"{name}_s": statistics.median(taken) for name, taken in seconds.items()}
    ratio = statistics.median(b / a for a, b in zip(seconds["local"], seconds["remote"], strict=True))
    benchmark.extra_info.update({name: round(value, 3) for name, value in {**medians, "ratio": ratio}.items()})
    print(benchmark.extra_info)
