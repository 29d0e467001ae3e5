"""Many machines, here as several workers on loopback: the same records as locally, whatever is killed."""

import json
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from clusters import SLOW, Engine, wait_until
from harness.core.errors import UserError
from harness.records.record import Record
from harness.records.store import Store
from harness.registry.find import find
from harness.registry.headers import HARNESS
from harness.runs.executors.cluster import ClusterExecutor
from harness.runs.executors.engine import connect
from harness.runs.job import Job
from harness.runs.plan import Planner
from harness.runs.selection import Selection


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A scheduler with two workers of two runs at a time each."""
    folder = tmp_path_factory.mktemp("engine")
    engine = Engine.at(folder, HARNESS_MIRROR="", HARNESS_DATA=str(folder / "data"))
    engine.scheduler()
    for _ in range(2):
        engine.worker("--workers", "2")
    yield engine
    engine.stop()


def untimed(record: Record) -> dict[str, object]:
    """What a record says but for times, and what depends on them."""
    said = record.model_dump(exclude={"started", "finished", "costs"})
    said["scores"] = [score for score in said["scores"] if not record.metrics[score["metric"]].timing]
    said["curve"] = [
        {name: value for name, value in point.items() if not name.endswith("_s")} for point in said["curve"]
    ]
    return said


def test_records_are_those_of_local_runs(engine: Engine) -> None:
    words = (*SLOW, "slow", "--entrant", "ppmi", "--entrant", "flyvec", "--seeds", "2")
    engine.local("here", *words)
    remote = engine.run("there", *words)
    assert remote.wait(120) == 0, engine.says(remote)
    here, there = (Store(engine.folder / name) for name in ("here", "there"))
    assert len(list(here.places())) == 6
    assert [untimed(record) for record in there.all()] == [untimed(record) for record in here.all()]
    assert there.problems == []


def test_an_interrupt_stops_the_runs_and_records_them_as_interrupted(engine: Engine) -> None:
    run = engine.run("interrupted", *SLOW, "slow[wait=60]", "--seeds", "5")
    wait_until(lambda: len(engine.running()) == 4)
    run.send_signal(signal.SIGINT)
    assert run.wait(20) == 130, engine.says(run)
    assert [record.status for record in Store(engine.folder / "interrupted").all()] == ["interrupted"] * 4
    wait_until(lambda: not engine.running())


def test_runs_of_a_client_that_is_killed_end_with_it(engine: Engine) -> None:
    run = engine.run("killed", *SLOW, "slow[wait=50]", "--seeds", "2")
    wait_until(lambda: len(engine.running()) == 2)
    run.kill()
    wait_until(lambda: not engine.running())


def test_an_exclusive_run_is_alone_on_its_machine(engine: Engine) -> None:
    jobs = jobs_of(engine, "slow[wait=0.5,0.501]", seeds=3)
    jobs = [exclusively(job) if job.parameters["wait"] == 0.501 else job for job in jobs]
    before = set(engine.trained())
    assert ClusterExecutor(partial(connect, engine.address)).run(jobs) == {"ok": 6}
    spans = set(engine.trained()) - before
    alone = [span for span in spans if span[2] == 0.501]
    assert len(spans) == 6
    assert len(alone) == 3
    overlapping = [(one, other) for one in alone for other in spans - {one} if one[0] < other[1] and other[0] < one[1]]
    assert overlapping == []


def jobs_of(engine: Engine, entrant: str, seeds: int) -> list[Job]:
    """Jobs of the plug-in."""
    plugin = engine.folder / "plugin" / "slow_entrant.py"
    words = {"tasks": ["word_similarity"], "cases": ["atlas"], "entrants": [entrant], "plugins": [plugin]}
    store = Store(engine.folder / f"results-{entrant}")
    return Planner(find([plugin]), store).plan(Selection(tier="smoke", seeds=seeds, **words)).runs


def exclusively(job: Job) -> Job:
    """The same job, as if its case were timed."""
    case = job.resolved.case.model_copy(update={"exclusive": True})
    return replace(job, resolved=job.resolved.model_copy(update={"case": case}))


def test_a_worker_with_another_harness_source_is_named_and_does_nothing(engine: Engine, tmp_path: Path) -> None:
    for name in ("harness", "methods", "baselines"):
        shutil.copytree(HARNESS.parent / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "harness" / "core" / "words.py").open("a") as file:
        file.write("# edited\n")
    other = engine.worker("--workers", "4", PYTHONPATH=str(tmp_path))
    wait_until(lambda: "runs at a time" in engine.says(other))
    run = engine.run("refused", *SLOW, "slow", "--seeds", "2")
    assert run.wait(60) == 0, engine.says(run)
    other.kill()
    address = engine.says(other).split()[0]
    assert f"({address}): has another harness source; bring both to the same version" in engine.says(run)


def test_runs_whose_data_no_worker_has_are_named(engine: Engine) -> None:
    words = ("--tier", "small", "--task", "retrieval", "--case", "scifact", "--entrant", "bm25", "--seeds", "1")
    run = engine.start("-m", "harness", "run", "--on", engine.address, *words, "--results", "absent", "--no-table")
    assert run.wait(60) == 1
    said = engine.says(run)
    assert "not done: retrieval/scifact bm25 seed 0: " in said
    assert "is not here; get it with: harness data fetch scifact" in said
    assert "Traceback" not in said


def test_nothing_listens_but_at_the_address_that_was_asked_for(engine: Engine) -> None:
    for process in engine.processes[:3]:
        children = psutil.Process(process.pid).children(recursive=True)
        sockets = [entry for each in (psutil.Process(process.pid), *children) for entry in each.net_connections("inet")]
        listening = {entry.laddr for entry in sockets if entry.status == psutil.CONN_LISTEN}
        assert {address.ip for address in listening} == {"127.0.0.1"}
        # The engine's own scheduler opens its page, too, where it is told to.
        assert len(listening) == (2 if process is engine.processes[0] else 1)


def test_tune_verify_and_plan_use_the_workers(engine: Engine) -> None:
    shutil.copytree(engine.folder / "plugin", engine.folder / "tuned")
    words = ("--tier", "smoke", "--task", "word_similarity", "--entrant", "slow", "--results", "complete")
    own, on = ("--plugin", "plugin/slow_entrant.py"), ("--on", engine.address)
    planned = json.loads(engine.command("plan", *words, *own, *on, "--json"))["elsewhere"]
    assert (planned["runs_at_a_time"], planned["machines"], planned["unplaced"]) == (4, 1, {})
    assert planned["seconds"] > 0
    engine.command("tune", *words, "--plugin", "tuned/slow_entrant.py", "--trials", "2", *on)
    assert "[word_similarity.slow.smoke." in (engine.folder / "tuned" / "tuned.toml").read_text()
    engine.command("run", *words, *own, "--no-table", *on)
    engine.command("submit", *own, "--entrant", "slow", "--results", "complete", "--out", "slow.zip")
    said = engine.command("verify", "slow.zip", "--sample", "2", *on)
    assert said.count("the same bit for bit") == 2
    assert "here: Python 3" in said


def test_the_commands_of_the_guide_work_and_are_encrypted(tmp_path: Path) -> None:
    engine = Engine.at(tmp_path, "tls")
    page = (HARNESS.parent / "docs" / "guide" / "machines.md").read_text()
    certificates, scheduler, worker, runs, *_ = re.findall(r"^```bash\n(.*?)^```$", page, flags=re.S | re.M)
    here = engine.address.partition("://")[2]

    def words_of(line: str) -> list[str]:
        local = line.replace("10.0.0.1:8786", here).replace("10.0.0.1 --port 8786", here.replace(":", " --port "))
        return shlex.split(local.removeprefix("HARNESS_TLS=tls "))

    subprocess.run(["bash", "-ec", certificates], check=True, cwd=tmp_path, capture_output=True)
    try:
        assert words_of(scheduler)[:2] == ["dask", "scheduler"]
        engine.start("-m", "distributed.cli.dask_scheduler", *words_of(scheduler)[2:])
        assert words_of(worker)[:2] == ["harness", "work"]
        joined = engine.start("-m", *words_of(worker), HARNESS_TLS="tls")
        wait_until(lambda: "at a time for tls://" in engine.says(joined))
        for line in runs.splitlines():
            process = engine.start("-m", *words_of(line), HARNESS_TLS="tls")
            assert process.wait(120) == 0, engine.says(process)
        assert {record.status for record in Store(tmp_path / "results").all()} == {"ok"}
        with pytest.raises(UserError, match=r"wants encryption|no scheduler answers"):
            connect(engine.address.replace("tls", "tcp"), timeout_s=3)
        (tmp_path / "other").mkdir()
        subprocess.run(["bash", "-ec", certificates.replace("tls", "other")], check=True, cwd=tmp_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HARNESS_TLS", str(tmp_path / "other"))
            with pytest.raises(UserError, match="does not accept the certificates"):
                connect(engine.address, timeout_s=3)
    finally:
        engine.stop()


def test_nothing_is_lost_or_done_twice_when_worker_scheduler_and_client_are_killed(tmp_path: Path) -> None:
    engine = Engine.at(tmp_path)
    try:
        scheduler = engine.scheduler()
        workers = [engine.worker("--workers", "1") for _ in range(2)]
        words = ("killed", *SLOW, "slow[wait=0.1]", "--seeds", "30")
        store, run = Store(tmp_path / "killed"), engine.run(*words)

        def are_stored(count: int) -> bool:
            assert run.poll() is None, engine.says(run)
            return len(list(store.places())) >= count

        wait_until(lambda: are_stored(5))
        workers[0].kill()
        engine.worker("--workers", "1")
        wait_until(lambda: are_stored(12))
        scheduler.kill()
        engine.scheduler()
        wait_until(lambda: are_stored(20))
        run.kill()
        wait_until(lambda: not engine.running())
        before = {place: store.path(place).read_bytes() for place in store.places()}
        again = engine.run(*words)
        assert again.wait(120) == 0, engine.says(again)
        assert [record.status for record in store.all()] == ["ok"] * 30
        assert {place: store.path(place).read_bytes() for place in before} == before
        assert f"[{30 - len(before)}/{30 - len(before)}]" in engine.says(again)
    finally:
        engine.stop()
