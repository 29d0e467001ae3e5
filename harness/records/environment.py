"""The environment of runs: versions, processor, commit. It is gathered once, by the process that starts the runs."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.records.record import Environment

PACKAGES = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "gensim", "bm25s", "tokenizers", "torchmetrics")


def describe_environment(device: str = "cpu", threads: int = 1) -> Environment:
    """The environment of the runs that this process starts, on a device with so many threads each."""
    commit, dirty = _commit()
    return Environment(
        commit=commit,
        dirty=dirty,
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        platform=platform.platform(aliased=True, terse=True),
        processor=_processor() if device == "cpu" else _accelerator(device),
        device=device,
        threads=threads,
        pinned_allocator=True,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _commit() -> tuple[str, bool]:
    """The checkout's commit and whether tracked files differ from it; ("", False) outside a checkout."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return "", False
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit, bool(_git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!results"))
    except (OSError, subprocess.CalledProcessError):
        return "", False


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout.strip()


def _accelerator(device: str) -> str:
    """The name of the device that computes, from its driver's tool: this process must not initialise the device."""
    number = device.partition(":")[2] or "0"
    query = ["nvidia-smi", f"--id={number}", "--query-gpu=name", "--format=csv,noheader"]
    try:
        return subprocess.run(query, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return device


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
