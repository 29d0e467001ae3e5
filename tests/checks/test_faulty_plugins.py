"""A plug-in with a mistake gets a finding that says what and where, never a traceback; and nothing hangs."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PLUGIN = '''
"""An entrant with a mistake, or with none."""

import numpy as np

from harness.tasks.word_similarity import WordEmbedder


class Mine(WordEmbedder):
    """The same vector for every word."""

    name = "mine"
    dim: int = 2

    def fit(self, train, run):
        print("HELLO")
        self.size = len(train.vocabulary)

    def vectors(self):
        return np.ones((self.size, 2), np.float32)
'''

FAULTY = {
    "lacks_a_method": ("def vectors", "def vektors", "abstract method vectors"),
    "raises": ('print("HELLO")', 'raise KeyError("tokenz")', "KeyError: 'tokenz' (./FOLDER/raises.py:"),
    "has_a_default_of_the_wrong_type": ("= 2", '= "two"', "dim = 'two': input should be a valid integer"),
    "slips": (
        "    def vectors",
        "    def code(self, k):\n        return None\n\n    def vectors",
        "nothing calls `code`; did you mean `codes`?",
    ),
    "changes_its_data": (
        'print("HELLO")',
        "train.tokens.flags.writeable = True; train.tokens[:] = train.tokens[::-1].copy()",
        "`fit` changes it in place; work on copies",
    ),
    "draws_while_imported": (
        "class Mine",
        "np.random.random()\n\n\nclass Mine",
        "importing it draws from or seeds a global generator",
    ),
    "answers_in_another_shape": ("(self.size, 2)", "(3, 2)", "smoke run: error: vectors"),
}
SMALLEST = ("--task", "word_similarity", "--tier", "smoke", "--case", "atlas", "--seeds", "1")

CHECKOUT = Path(__file__).resolve().parents[2]

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def write(folder: Path, name: str, before: str = "", after: str = "") -> str:
    """Write the plug-in `name`, some of its text replaced; returns the file's name."""
    assert before in PLUGIN
    text = PLUGIN.replace('"mine"', f'"{name}"')
    (folder / f"{name}.py").write_text(text.replace(before, after) if before else text)
    return f"{name}.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all plug-ins with a mistake."""
    return tmp_path_factory.mktemp("faulty")


@pytest.fixture(scope="module")
def checked(harness_in: Callable[[Path], Command], folder: Path) -> dict[str, str]:
    """What one `harness check` says of each plug-in with a mistake."""
    files = [write(folder, name, before, after) for name, (before, after, _) in FAULTY.items()]
    done = harness_in(folder)("check", *files)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    return dict(re.findall(r"^word_similarity (\w+) \(.*\)\n((?:  .*\n)*)", done.stdout, flags=re.M))


@pytest.mark.parametrize("fault", FAULTY)
def test_a_mistake_is_a_finding(checked: dict[str, str], folder: Path, fault: str) -> None:
    assert FAULTY[fault][2].replace("FOLDER", folder.name) in checked[fault]


def test_an_entrant_may_import_a_library_that_draws_while_imported(harness: Command, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "restless.py").write_text("import random\n\nrandom.random()\n")
    (tmp_path / "own").mkdir()
    plugin = write(tmp_path / "own", "calm", "import numpy as np", "import numpy as np\nimport restless")
    done = harness("check", f"own/{plugin}", PYTHONPATH=f"{CHECKOUT}:{tmp_path / 'library'}")
    assert "ok   import leaves random state alone" in done.stdout, done.stdout + done.stderr


def test_an_entrant_that_never_ends_is_a_finding(harness: Command, tmp_path: Path) -> None:
    done = harness("check", write(tmp_path, "endless", 'print("HELLO")', "while True: pass"), "--limit", 1)
    assert done.returncode == 1
    assert "timeout: stopped after its limit of 1 s" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_run_tells_of_a_failure_in_one_line_and_prints_nothing_that_a_plugin_does(
    harness: Command, tmp_path: Path
) -> None:
    files = [write(tmp_path, "prints"), write(tmp_path, "fails", "= len(", "= len(3 + ")]
    plugins = [word for file in files for word in ("--plugin", file, "--entrant", file.removesuffix(".py"))]
    done = harness("run", *SMALLEST, *plugins, "--json")
    told = json.loads(done.stdout)
    assert told["ran"] == 2
    assert "HELLO" in done.stderr
    (failure,) = told["failures"]
    assert "error: word_similarity/atlas fails seed 0: TypeError: unsupported operand" in failure
    assert failure.endswith(f"(./{tmp_path.name}/fails.py:17)")


def test_debug_shows_the_traceback_of_a_failed_run(harness: Command, tmp_path: Path) -> None:
    plugin = write(tmp_path, "fails", "= len(", "= len(3 + ")
    done = harness("--debug", "run", *SMALLEST, "--entrant", "fails", "--plugin", plugin, "--json")
    (failure,) = json.loads(done.stdout)["failures"]
    assert "Traceback" in failure


def test_a_check_of_one_case_says_nothing_of_others_and_what_fails_first(harness: Command, tmp_path: Path) -> None:
    done = harness("check", write(tmp_path, "odd", "dim: int = 2", 'dim: int = "two"'), "--case", "atlas")
    assert done.returncode == 1
    _, first, *others = done.stdout.splitlines()
    assert first.startswith("  fail ")
    assert all(line.startswith("  ok   ") for line in others)
    assert any("atlas" in line for line in others)
    assert "cost" not in done.stdout


def test_a_run_of_named_entrants_shows_these_alone(harness: Command, tmp_path: Path) -> None:
    words = ["--plugin", write(tmp_path, "alpha"), "--plugin", write(tmp_path, "beta")]
    for name, absent in (("alpha", "beta"), ("beta", "alpha")):
        done = harness("run", *SMALLEST, *words, "--entrant", name)
        assert done.returncode == 0
        assert re.search(rf"^\| {name} ", done.stdout, flags=re.M)
        assert absent not in done.stdout
        assert "missing" not in done.stdout
