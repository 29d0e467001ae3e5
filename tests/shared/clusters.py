"""Schedulers and workers on loopback, in real processes, and a plug-in that they run."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PLUGIN = '''
"""An entrant that waits, and notes when it is trained."""

import os
import time
from pathlib import Path

from harness.tasks.word_similarity import WordEmbedder
from slow_helper import WIDTH


class Slow(WordEmbedder):
    """Waits, then draws random vectors."""

    name = "slow"
    search_space = {"wait": [0.0, 0.01]}
    wait: float = 0.0

    def fit(self, corpus, run):
        begun = time.monotonic()
        note = Path(os.environ["NOTES"], f"{os.getpid()}.running")
        note.touch()
        time.sleep(self.wait)
        self.table = run.rng("init").standard_normal((len(corpus.vocabulary), WIDTH)).astype("float32")
        note.rename(note.with_suffix(f".{begun}-{time.monotonic()}-{self.wait}.done"))

    def vectors(self):
        return self.table
'''


def wait_until(is_so: Callable[[], bool], within_s: float = 120.0) -> None:
    """Wait until something is so. Fails if it does not become so."""
    give_up = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.05)


@dataclass
class Engine:
    """Processes on loopback in a folder. `address` is where its scheduler listens."""

    folder: Path
    address: str
    environment: dict[str, str]
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @classmethod
    def at(cls, folder: Path, protocol: str = "tcp", **environment: str) -> "Engine":
        """An engine of which nothing runs yet, at a port that is free."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (folder / "notes").mkdir(parents=True, exist_ok=True)
        (folder / "plugin").mkdir(exist_ok=True)
        (folder / "plugin" / "slow_helper.py").write_text("WIDTH = 8\n")
        (folder / "plugin" / "slow_entrant.py").write_text(PLUGIN)
        own = {"HARNESS_CACHE": str(folder / "cache"), **environment}
        return cls(folder, f"{protocol}://127.0.0.1:{port}", {**os.environ, **own})

    def scheduler(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start the scheduler as the guide says."""
        host, port = self.address.partition("://")[2].split(":")
        where = ["--host", host, "--port", port, "--dashboard-address", "127.0.0.1:0", "--no-jupyter"]
        if self.address.startswith("tls"):
            where += ["--protocol", "tls"]
        return self.start("-m", "distributed.cli.dask_scheduler", *where, *words)

    def worker(self, *words: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a worker. Only there the plug-in knows where to write its notes."""
        return self.start("-m", "harness", "work", self.address, *words, **self._notes, **environment)

    def start(self, *words: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a Python process; what it says lies in `N.log`."""
        # Where the tests run in the background interrupts are ignored, and children would inherit that.
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, *words],
                    cwd=self.folder,
                    env={**self.environment, **environment},
                    stdout=log,
                    stderr=log,
                )
        finally:
            signal.signal(signal.SIGINT, before)
        self.processes.append(process)
        return process

    def says(self, process: "subprocess.Popen[bytes]") -> str:
        """What a process has said so far."""
        return (self.folder / f"{self.processes.index(process)}.log").read_text()

    def run(self, results: str, *words: str) -> "subprocess.Popen[bytes]":
        """Start `harness run --on`."""
        return self.start("-m", "harness", "run", "--on", self.address, *RUN, "--results", results, *words)

    def local(self, results: str, *words: str) -> None:
        """Do the same runs here."""
        process = self.start("-m", "harness", "run", *RUN, "--results", results, *words, **self._notes)
        assert process.wait(120) == 0, self.says(process)

    def command(self, *words: str) -> str:
        """What a finished `harness` command has said, which must have succeeded."""
        process = self.start("-m", "harness", *words)
        assert process.wait(120) == 0, self.says(process)
        return self.says(process)

    @property
    def _notes(self) -> dict[str, str]:
        return {"NOTES": str(self.folder / "notes")}

    def running(self) -> list[int]:
        """The processes of the runs that are being trained."""
        numbers = [int(note.stem) for note in (self.folder / "notes").glob("*.running")]
        return [number for number in numbers if Path(f"/proc/{number}").exists()]

    def trained(self) -> list[tuple[float, float, float]]:
        """When each run that was trained to its end began and ended, and how long it waited."""
        spans = [note.name.split(".", 1)[1].removesuffix(".done") for note in (self.folder / "notes").glob("*.done")]
        return [(float(begun), float(ended), float(wait)) for begun, ended, wait in (s.split("-") for s in spans)]

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()


RUN = ("--tier", "smoke", "--task", "word_similarity", "--case", "atlas", "--no-table")
SLOW = ("--plugin", "plugin/slow_entrant.py", "--entrant")
