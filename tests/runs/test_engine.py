"""Bad input for many machines is one line, and nothing waits for ever."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.errors import UserError
from harness.runs.executors.engine import check_address, connect, open_to_others, security_for
from harness.runs.executors.serving import Question, Worker
from harness.runs.executors.slurm import read_options

Command = Callable[..., "subprocess.CompletedProcess[str]"]

OTHER_VERSION = """
import asyncio
import distributed.versions
from distributed import Scheduler

own = distributed.versions.get_versions
def versions(*args, **kwargs):
    said = own(*args, **kwargs)
    said["packages"]["distributed"] = "2020.1.0"
    return said
Scheduler.versions = lambda self, **_: versions()

async def main():
    where = {"host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"}
    async with Scheduler(**where, dashboard=False) as scheduler:
        print(scheduler.address, flush=True)
        await scheduler.finished()
asyncio.run(main())
"""


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "http://a:1", "tcp://host", "tls://:8786", "tcp://a:99999"])
def test_what_is_no_address_is_named_with_what_is_allowed(verb: Command, address: str) -> None:
    with pytest.raises(UserError, match=f"'{address}' is no address of a scheduler; allowed are tcp://HOST:PORT"):
        check_address(address)
    words = ("--tier", "smoke", "--task", "word_similarity", "--entrant", "ppmi", "--on", address)
    done = verb("run", *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"harness: '{address}' is no address")


def test_where_no_scheduler_is_the_command_that_starts_one_is_named(verb: Command) -> None:
    # The port is bound and does not listen. A free port could become the client's own, which then connects to itself.
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        done = verb("run", "--tier", "smoke", "--task", "word_similarity", "--entrant", "ppmi", "--on", address)
    assert done.returncode == 2
    assert f"no scheduler answers at {address}; start one with `dask scheduler --host 127.0.0.1" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_is_no_scheduler_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(20):
                peer, _ = server.accept()
                peer.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello, this is something else entirely\r\n" * 9)
                peer.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(UserError, match=f":{server.getsockname()[1]}"):
            connect(f"tcp://127.0.0.1:{server.getsockname()[1]}", timeout_s=2)


def test_a_scheduler_of_another_version_is_named_with_both_versions() -> None:
    with subprocess.Popen([sys.executable, "-c", OTHER_VERSION], stdout=subprocess.PIPE, text=True) as scheduler:
        try:
            assert scheduler.stdout is not None
            address = scheduler.stdout.readline().strip()
            with pytest.raises(UserError, match=r"has dask.distributed 2020.1.0, this machine has .*same version"):
                connect(address, timeout_s=30)
        finally:
            scheduler.kill()


def test_tls_without_certificates_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HARNESS_TLS", raising=False)
    with pytest.raises(
        UserError, match=r"HARNESS_TLS is not set: tls:// needs a folder with ca.pem, cert.pem, key.pem"
    ):
        security_for("tls://a:1")
    (tmp_path / "ca.pem").touch()
    monkeypatch.setenv("HARNESS_TLS", str(tmp_path))
    with pytest.raises(UserError, match=r"HARNESS_TLS lacks cert.pem, key.pem"):
        security_for("tls://a:1")


def test_an_address_without_encryption_that_others_reach_is_warned_of() -> None:
    assert "whoever reaches it can run code" in open_to_others("tcp://10.0.0.1:8786")
    assert open_to_others("tcp://127.0.0.1:8786") == open_to_others("tls://10.0.0.1:8786") == ""


def test_a_worker_whose_disk_is_full_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 5e6}))
    with pytest.raises(UserError, match=r"has 5 MB free in .*; it needs 100 MB"):
        Worker(tmp_path, 1).offer(Question(frozenset(), "cpu", 1))


def test_a_worker_without_the_device_or_with_too_few_cores_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not offer the device cuda"):
        Worker(tmp_path, 4).offer(Question(frozenset(), "cuda", 1))
    with pytest.raises(UserError, match="has too few cores for 4096 threads a run"):
        Worker(tmp_path, 4).offer(Question(frozenset(), "cpu", 4096))


def test_slurm_that_is_not_there_is_said(verb: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = verb("run", "--tier", "smoke", "--task", "word_similarity", "--entrant", "ppmi", "--on", "slurm")
    assert done.returncode == 2
    assert done.stderr == (
        "harness: there is no SLURM here: no `sbatch` is found; use --on tls://HOST:PORT with `harness work`\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [("job = 2", "job"), ("jobs = 0", "greater than 0"), ("jobs = ", "Invalid value"), (None, "cannot be read")],
)
def test_a_file_for_slurm_that_is_wrong_is_named(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "slurm.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=said) as error:
        read_options(f"slurm:{path}")
    assert str(path) in str(error.value)


def test_jobs_that_are_shorter_than_a_run_may_be_are_said(verb: Command, tmp_path: Path) -> None:
    (tmp_path / "slurm.toml").write_text("minutes = 2\n")
    done = verb("plan", "--tier", "small", "--task", "control", "--on", "slurm:slurm.toml")
    assert done.returncode == 2
    assert "a job of SLURM has 2 minutes, but control/small/" in done.stderr
    assert "or lower the limit of runs with --limit" in done.stderr
