"""Workers as jobs of a real SLURM of two nodes on loopback; skipped where SLURM is not installed."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters import SLOW, Engine, wait_until
from harness.records.store import Store
from harness.registry.headers import HARNESS

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "slurm"
PROGRAMS = ("/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables by which a SLURM of two nodes is reached."""
    if not all(map(shutil.which, PROGRAMS)) or os.getuid():
        pytest.skip("SLURM is not installed, or this is not root: apt-get install slurm-wlm munge")
    # Paths of sockets are short.
    folder = Path(tmp_path_factory.mktemp("slurm"))
    started = subprocess.run([FIXTURE / "start.sh", folder], capture_output=True, text=True, timeout=60, check=False)
    try:
        assert "idle" in started.stdout, started.stderr
        yield {"SLURM_CONF": str(folder / "slurm.conf")}
    finally:
        subprocess.run([FIXTURE / "stop.sh", folder], capture_output=True, timeout=30, check=False)


@pytest.fixture
def engine(slurm: dict[str, str], tmp_path: Path) -> Iterator[Engine]:
    """A folder with the plug-in and with the file of the guide's page."""
    engine = Engine.at(tmp_path, **slurm, NOTES=str(tmp_path / "notes"))
    page = (HARNESS.parent / "docs" / "guide" / "machines.md").read_text()
    (text,) = re.findall(r"^```toml\n(.*?)^```$", page, flags=re.S | re.M)
    (tmp_path / "slurm.toml").write_text(f'{text}host = "127.0.0.1"\n')
    engine.address = "slurm:slurm.toml"
    yield engine
    engine.stop()


def jobs_of(engine: Engine) -> list[str]:
    """The numbers of the jobs that run."""
    words = ["squeue", "--noheader", "--format=%i", "--states=RUNNING"]
    return subprocess.run(words, check=True, capture_output=True, text=True, env=engine.environment).stdout.split()


def test_a_job_that_is_killed_is_replaced_and_nothing_is_lost(engine: Engine) -> None:
    run = engine.run("results", *SLOW, "slow[wait=0.5]", "--seeds", "16")
    store = Store(engine.folder / "results")
    wait_until(lambda: len(list(store.places())) >= 4, within_s=120)
    wait_until(lambda: len(jobs_of(engine)) == 2)
    first = jobs_of(engine)[0]
    subprocess.run(["scancel", "--signal=KILL", "--full", first], check=True, env=engine.environment)
    assert run.wait(180) == 0, engine.says(run)
    assert [record.status for record in store.all()] == ["ok"] * 16
    assert "has left" in engine.says(run)
    wait_until(lambda: not jobs_of(engine))
    assert list((engine.folder / "results").glob(".tls-*")) == []


def test_an_interrupt_cancels_the_jobs(engine: Engine) -> None:
    run = engine.run("results", *SLOW, "slow[wait=60]", "--seeds", "2")
    wait_until(lambda: len(engine.running()) == 2, within_s=120)
    run.send_signal(signal.SIGINT)
    assert run.wait(30) == 130, engine.says(run)
    wait_until(lambda: not jobs_of(engine) and not engine.running())


def test_what_slurm_does_not_take_is_said_in_one_line(engine: Engine) -> None:
    file = engine.folder / "slurm.toml"
    file.write_text(file.read_text().replace('partition = "all"', 'partition = "none"'))
    run = engine.run("results", *SLOW, "slow", "--seeds", "1")
    assert run.wait(60) == 2
    (line,) = engine.says(run).splitlines()
    assert line.startswith("harness: SLURM takes no job (")
    assert "invalid partition" in line
