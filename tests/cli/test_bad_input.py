"""Bad input is one line that says what, which, what is allowed and how to mend it; exit status 2; no traceback."""

import inspect
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.tasks.long_range import Attention

Command = Callable[..., "subprocess.CompletedProcess[str]"]

WRONG = {
    "unknown task": (["plan", "--task", "retrival"], ["'retrival'", "did you mean retrieval"]),
    "unknown entrant": (["plan", "--task", "retrieval", "--entrant", "anec"], ["'anec'", "did you mean ance"]),
    "beginning of an entrant": (["plan", "--entrant", "pmi"], ["'pmi'", "did you mean pmi_masking?"]),
    "unknown tier": (["plan", "--tier", "quik"], ["'quik'", "did you mean quick"]),
    "unknown case": (["plan", "--task", "retrieval", "--case", "atlass"], ["'atlass'", "did you mean atlas"]),
    "unknown parameter": (["plan", "--entrant", "ppmi[dims=5]"], ["'dims'", "did you mean dim"]),
    "wrong type": (["plan", "--entrant", "ppmi[dim=many]"], ["dim=many", "integer"]),
    "wrong range": (["plan", "--entrant", "ppmi[dim=-1]"], ["dim=-1", "greater than 0"]),
    "semicolons": (["plan", "--entrant", "ppmi[dim=5;shift=1]"], ["separated by commas: name[par=v1,v2,other=v3]"]),
    "round brackets": (["plan", "--entrant", "ppmi(dim=5)"], ["square brackets", "ppmi[par=value,...]"]),
    "a colon": (["plan", "--entrant", "ppmi:dim=5"], ["square brackets", "ppmi[par=value,...]"]),
    "unknown choice": (["plan", "--entrant", "rfa[kernel='gausian']"], ["input should be 'gaussian' or 'exponential'"]),
    "open bracket": (["plan", "--entrant", "ppmi[dim=5"], ["closing bracket"]),
    "unknown format": (["table", "--format", "latx"], ["'latx'", "did you mean latex"]),
    "unknown data set": (["data", "where", "scifac"], ["'scifac'", "did you mean 'scifact'"]),
    "no such plug-in": (["plan", "--plugin", "absent.py"], ["absent.py", "is not a file"]),
    "too many workers": (["run", "--workers", "4096"], ["4096 workers", "cores"]),
    "unknown device": (["run", "--device", "gpu"], ["'gpu'", "allowed are cpu, cuda and cuda:N"]),
    "absent device": (["run", "--device", "cuda:99"], ["'cuda:99' is not there", "--device cpu"]),
    "explaining nothing": (["explain", "retrieval", "ance"], ["no records", "harness run --task retrieval"]),
    "taken name": (["new", "ppmi", "--task", "word_similarity"], ["'ppmi'", "taken"]),
    "golden scores of nothing": (["check", "--golden"], ["harness check --golden TASK"]),
    "golden scores of an entrant": (["check", "--golden", "ppmi"], ["harness check --golden TASK"]),
    "accepting nothing": (["check", "--accept"], ["harness check --accept NAME"]),
    "checking nothing known": (["check", "retrival"], ["'retrival'", "did you mean retrieval"]),
    "a case of a task": (["check", "retrieval", "--case", "atlas"], ["harness check NAME --case CASE"]),
    "new without a task": (["new", "mine"], ["harness new mine --task TASK"]),
    "unknown kind": (["new", "mine", "--kind", "tasks"], ["'tasks'", "did you mean task"]),
    "taken task": (["new", "retrieval", "--kind", "task"], ["'retrieval'", "taken", "harness/tasks/retrieval"]),
    "taken module": (["new", "numpy", "--kind", "task"], ["'numpy'", "taken by the module"]),
    "taken word": (["new", "time", "--kind", "task"], ["'time'", "taken by Python"]),
    "new task for a task": (["new", "mine", "--kind", "task", "--base", "A"], ["leave out --kind task"]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_bad_input_is_one_clear_line(verb: Command, wrong: str) -> None:
    words, parts = WRONG[wrong]
    done = verb(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("harness: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert all(part in done.stderr for part in parts), done.stderr


def test_debug_shows_the_traceback(harness: Command) -> None:
    assert "Traceback" in harness("--debug", "plan", "--task", "retrival").stderr


def test_missing_data_names_its_size_and_the_command(verb: Command, tmp_path: Path) -> None:
    absent = {"HARNESS_DATA": str(tmp_path / "data"), "HARNESS_MIRROR": ""}
    done = verb("data", "where", "scifact", **absent)
    assert done.returncode == 2
    assert "MB" in done.stderr
    assert "harness data fetch scifact" in done.stderr


def test_missing_data_is_said_before_anything_runs(verb: Command, tmp_path: Path) -> None:
    absent = {"HARNESS_DATA": str(tmp_path / "data"), "HARNESS_MIRROR": ""}
    done = verb("run", "--tier", "small", "--task", "retrieval", "--case", "scifact", **absent)
    assert done.returncode == 2
    assert "harness data fetch scifact" in done.stderr
    assert not (tmp_path / "results" / "records").exists()


def test_a_plugin_with_a_syntax_error_is_named_with_its_line(verb: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import os\n\ndef f(:\n    pass\n")
    done = verb("plan", "--plugin", "broken.py")
    assert done.returncode == 2
    assert "broken.py, line 3" in done.stderr


def test_a_results_folder_that_cannot_be_written_is_named(verb: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    words = ("run", "--tier", "smoke", "--task", "word_similarity", "--entrant", "ppmi", "--results", "taken/results")
    done = verb(*words)
    assert done.returncode == 2
    assert "taken/results" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_base_that_the_task_does_not_have_is_named_with_the_nearest(verb: Command, tmp_path: Path) -> None:
    source = "from harness.tasks.long_range import Atention\n\n\nclass Mine(Atention):\n    name = 'mine'\n"
    (tmp_path / "mine.py").write_text(source)
    done = verb("plan", "--plugin", "mine.py")
    assert done.returncode == 2
    assert "mine.py:4: unknown class of harness.tasks.long_range 'Atention'; did you mean Attention?" in done.stderr


def test_a_choice_may_stand_in_quotes(verb: Command) -> None:
    plain, quoted = (
        verb("plan", "--task", "long_range", "--entrant", f"performer[kernel={text}]", "--json").stdout
        for text in ("hyperbolic", "'hyperbolic'")
    )
    assert "performer/kernel=hyperbolic" in plain
    assert quoted == plain


def test_new_writes_a_file_that_the_registry_finds(verb: Command, tmp_path: Path) -> None:
    assert verb("new", "my_vectors", "--task", "word_similarity", "--base", "WordEmbedder").returncode == 0
    assert "my_vectors" in verb("list", "--task", "word_similarity", "--plugin", "my_vectors.py").stdout


def test_new_writes_the_whole_contract_and_a_parameter_that_can_be_tuned(verb: Command, tmp_path: Path) -> None:
    verb("new", "my_attention", "--task", "long_range")
    written = (tmp_path / "my_attention.py").read_text()
    contract = inspect.getdoc(Attention.build)
    assert contract
    assert " ".join(contract.split()) in " ".join(written.split())
    told = json.loads(verb("list", "--task", "long_range", "--plugin", "my_attention.py", "--json").stdout)
    mine = told["long_range"]["entrants"]["my_attention"]
    assert set(mine["search_space"]) == {"lr", "strength"}
    assert "strength: float = 1.0" in mine["parameters"]
