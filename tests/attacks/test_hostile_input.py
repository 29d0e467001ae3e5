"""Whatever names, files and settings the command is given, it answers in one line, and foreign text stays text."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bad_plugins import Bad

Command = Callable[..., "subprocess.CompletedProcess[str]"]

LONG = "x" * 300
FILES = {
    "nul.py": b"x = 1\0",
    "coding.py": b"# -*- coding: nothing -*-",
    "undecodable.py": b"x = '\xff'",
    "deep.py": b"x = " + b"(" * 5000,
    "own_base.py": b"class A(A):\n    name = 'a'\n",
    "one.py": b"from two import Two\nclass One(Two):\n    name = 'one'\n",
    "two.py": b"from one import One\nclass Two(One):\n    name = 'two'\n",
    "dotted.pkg/__init__.py": b"",
    "dotted.pkg/mine.py": Bad("ok").source("mine").encode(),
    "results/tables": b"a file where a folder should be",
    "results/report": b"a file where a folder should be",
}
UNREADABLE = ("nul.py", "coding.py", "undecodable.py", "deep.py", "own_base.py", "one.py")
LINES: dict[str, tuple[list[str], dict[str, str]]] = {
    **{name: (["plan", "--plugin", name], {}) for name in UNREADABLE},
    "a dotted package": (["plan", "--plugin", "dotted.pkg/mine.py"], {}),
    "a long plug-in": (["plan", "--plugin", f"{LONG}.py"], {}),
    "a long folder": (["status", "--results", LONG], {}),
    "control characters": (["plan", "--task", "\x1b[31mred\nline\u202e"], {}),
    "markup": (["plan", "--entrant", "[/red][bold"], {}),
    "verdicts that cannot be written": (["claims", "--tier", "smoke", "--write"], {}),
    "unknown user with data": (["data", "list"], {"HARNESS_DATA": "~nosuchuser/data"}),
    "unknown user with a mirror": (["data", "list"], {"HARNESS_MIRROR": "~nosuchuser"}),
    "a mirror that is a file": (["data", "list"], {"HARNESS_MIRROR": "nul.py"}),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with hostile files."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("case", LINES)
def test_hostile_input_is_one_line(verb: Command, case: str) -> None:
    words, environment = LINES[case]
    done = verb(*words, **environment)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith("harness: ")
    assert line.isprintable()


def test_a_full_standard_output_is_one_line(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "harness", "list"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False)
    (line,) = done.stderr.splitlines()
    assert "No space left on device" in line
    assert done.returncode == 2


def test_a_temporary_folder_with_a_long_path_is_one_line(harness: Command, tmp_path: Path) -> None:
    folder = tmp_path / ("y" * 120)
    folder.mkdir()
    words = ("--tier", "smoke", "--task", "word_similarity", "--case", "atlas", "--entrant", "ppmi", "--seeds", 1)
    done = harness("run", *words, TMPDIR=str(folder))
    (line,) = done.stderr.splitlines()
    assert "TMPDIR" in line
    assert done.returncode == 2
