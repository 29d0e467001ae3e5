"""How fast files of predictions are read, and in how much memory, each in a process of its own: seconds of a processor,
since others may use it, too."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

DOCUMENTS, QUERIES, DEPTH = 100_000, 1000, 1000
IMAGES, CLASSES = 50_000, 10

_START = """
import re, sys, time
from pathlib import Path
from harness.formats.classes import read_classes
from harness.formats.trec import Names, read_run
items, documents, path = *map(int, sys.argv[1:3]), Path(sys.argv[3])
start = time.process_time()
"""
_RUN = """
names = [{f"{letter}{i}".encode(): i for i in range(n)} for letter, n in (("q", items), ("d", documents))]
count = len(read_run(path, Names.known(*names), items).queries)
"""
_LOGITS = """
count = len(read_classes(path, ["logits"], items, 10, allow_missing=False).rows)
"""
_END = """
# The most that this program held: what the operating system counts for a process includes the one that started it.
(kilobytes,) = re.findall(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(count, time.process_time() - start, int(kilobytes) / 1024)
"""


def measured(program: str, items: int, path: Path) -> tuple[int, float, float]:
    """How much was read, in how many seconds of a processor, and with how many megabytes at most."""
    words = [sys.executable, "-c", f"{_START}{program}{_END}", str(items), str(DOCUMENTS), str(path)]
    count, seconds, megabytes = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return int(count), float(seconds), float(megabytes)


def test_a_million_lines_of_a_run_are_read_in_a_minute_and_two_gigabytes(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    with (tmp_path / "large.run").open("w") as file:
        for query in range(QUERIES):
            found = rng.choice(DOCUMENTS, DEPTH, replace=False)
            file.writelines(f"q{query} Q0 d{d} {i} {1 / (i + 1)!r} large\n" for i, d in enumerate(found, 1))
    count, seconds, megabytes = benchmark.pedantic(measured, (_RUN, QUERIES, tmp_path / "large.run"))
    assert count == QUERIES * DEPTH
    assert seconds < 60
    assert megabytes < 2000


@pytest.mark.parametrize("form", ["npy", "csv"])
def test_predictions_of_fifty_thousand_images_are_read_in_seconds(
    benchmark: BenchmarkFixture, form: str, tmp_path: Path
) -> None:
    logits = np.random.default_rng(0).standard_normal((IMAGES, CLASSES)).astype(np.float32)
    path = tmp_path / f"logits.{form}"
    if form == "npy":
        np.save(path, logits)
    else:
        names = ",".join(["id", *map(str, range(CLASSES))])
        np.savetxt(path, np.column_stack([np.arange(IMAGES), logits]), delimiter=",", header=names, comments="")
    count, seconds, megabytes = benchmark.pedantic(measured, (_LOGITS, IMAGES, path))
    assert count == IMAGES
    assert seconds < 10
    assert megabytes < 1000
