"""An artefact is built once, whoever asks, is never half there, and is another one when its making changes."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from harness.core.artefacts import Cache

RECIPES = '''
"""Recipes."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tools
from harness.core.artefacts import Recipe


@dataclass(frozen=True)
class Vectors(Recipe):
    """Vectors, and a note of every time they are built."""

    dim: int
    seed: int = 0
    code: str = "plain"
    corpus: Any = field(default=None, compare=False)
    notes: Any = field(default=None, compare=False)

    def build(self):
        if self.notes is not None:
            with open(self.notes, "a") as file:
                file.write(f"{os.getpid()}\\n")
            time.sleep(0.3)
        return {"vectors": np.full((2, self.dim), tools.VALUE), "count": np.int64(self.dim)}


@dataclass(frozen=True)
class Others(Vectors):
    """The same fields, another class."""


@dataclass(frozen=True)
class Crashing(Recipe):
    """Fails while it is built, or in the way that it is asked to."""

    how: str

    def build(self):
        if self.how == "raise":
            raise RuntimeError("boom")
        if self.how == "die":
            os._exit(9)
        return {"words": np.array(["a", "bc"], dtype=object)}
'''


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of recipes with a helper beside it."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "recipes.py").write_text(RECIPES)
    (tmp_path / "code" / "tools.py").write_text("VALUE = 1.5\n")
    return _imported(tmp_path / "code", monkeypatch)


def _imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "tools", raising=False)
    spec = importlib.util.spec_from_file_location("recipes", folder / "recipes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "recipes", module)
    spec.loader.exec_module(module)
    monkeypatch.delitem(sys.modules, "tools")
    return module


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def _files(cache: Cache) -> list[str]:
    return sorted(path.suffix for path in cache.folder.glob("*")) + [path.name for path in cache.folder.glob(".*")]


def test_an_artefact_is_built_once(recipes: Any, cache: Cache, tmp_path: Path) -> None:
    recipe = recipes.Vectors(dim=3, notes=tmp_path / "notes")
    first, second = cache.get(recipe), cache.get(recipe)
    assert len((tmp_path / "notes").read_text().splitlines()) == 1
    np.testing.assert_array_equal(first.arrays["vectors"], np.full((2, 3), 1.5))
    assert second.arrays.keys() == {"vectors", "count"}
    assert (second.digest, second.seconds) == (first.digest, first.seconds)
    assert first.seconds >= 0.3


def test_two_processes_that_ask_at_once_build_once(recipes: Any, cache: Cache, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    program = (
        "import recipes; from pathlib import Path; from harness.core.artefacts import Cache;"
        f"print(Cache(Path({str(cache.folder)!r})).get(recipes.Vectors(dim=4, notes={str(notes)!r})).digest)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path / "code", stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    digests = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert len(notes.read_text().splitlines()) == 1
    assert digests == {cache.get(recipes.Vectors(dim=4)).digest + "\n"}


@pytest.mark.parametrize(("how", "error"), [("raise", RuntimeError), ("objects", TypeError)])
def test_a_failure_while_building_leaves_nothing(recipes: Any, cache: Cache, how: str, error: type[Exception]) -> None:
    for _ in range(2):
        with pytest.raises(error, match=r"boom|recipe Crashing built arrays of Python objects: words"):
            cache.get(recipes.Crashing(how))
    assert _files(cache) == [".lock"]


def test_a_process_that_dies_while_building_leaves_nothing(recipes: Any, cache: Cache, tmp_path: Path) -> None:
    program = (
        "import recipes; from pathlib import Path; from harness.core.artefacts import Cache;"
        f"Cache(Path({str(cache.folder)!r})).get(recipes.Crashing('die'))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path / "code", check=False, timeout=60)
    assert done.returncode == 9
    assert _files(cache) == [".lock"]
    with pytest.raises(RuntimeError, match="boom"):
        cache.get(recipes.Crashing("raise"))


def test_a_failure_while_writing_leaves_nothing(recipes: Any, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: Any, **arrays: np.ndarray) -> None:
        file.write(b"half")
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez", full)
        with pytest.raises(OSError, match="no space"):
            cache.get(recipes.Vectors(dim=3))
    assert _files(cache) == [".lock"]
    assert cache.get(recipes.Vectors(dim=3)).arrays["count"] == 3


def test_arrays_are_read_only(recipes: Any, cache: Cache) -> None:
    for _ in range(2):
        arrays = cache.get(recipes.Vectors(dim=3)).arrays
        with pytest.raises(ValueError, match="read-only"):
            arrays["vectors"][0, 0] = 7


def test_every_field_is_part_of_the_identity(recipes: Any) -> None:
    recipe = recipes.Vectors(dim=3)
    others = [replace(recipe, dim=4), replace(recipe, seed=1), replace(recipe, code="other"), recipes.Others(dim=3)]
    assert len({entry.identity for entry in (recipe, *others)}) == 5
    assert recipes.Vectors(dim=3).identity == recipe.identity


def test_inputs_that_are_not_compared_stay_out_of_the_identity(recipes: Any) -> None:
    assert recipes.Vectors(dim=3, corpus=object()).identity == recipes.Vectors(dim=3).identity


def test_a_field_called_code_does_not_hide_the_code(
    recipes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = recipes.Vectors(dim=3, code="x").identity
    _edit(tmp_path, "tools.py", "VALUE = 1.5", "VALUE = 2.5")
    assert _imported(tmp_path / "edited", monkeypatch).Vectors(dim=3, code="x").identity != before


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("recipes.py", "self.dim)}", "self.dim + 1)}", False),
        ("tools.py", "VALUE = 1.5", "VALUE = 2.5", False),
        ("recipes.py", '"""Recipes."""', '"""Recipes, and how to use them."""', True),
        ("tools.py", "VALUE = 1.5", "# The value.\nVALUE = 1.5", True),
    ],
)
def test_changed_code_is_another_artefact(
    recipes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, same: bool
) -> None:
    before = recipes.Vectors(dim=3).identity
    _edit(tmp_path, file, old, new)
    assert (_imported(tmp_path / "edited", monkeypatch).Vectors(dim=3).identity == before) == same


def _edit(tmp_path: Path, file: str, old: str, new: str) -> None:
    (tmp_path / "edited").mkdir()
    for path in (tmp_path / "code").glob("*.py"):
        text = path.read_text()
        assert path.name != file or old in text
        (tmp_path / "edited" / path.name).write_text(text.replace(old, new) if path.name == file else text)


def test_what_has_no_plain_value_cannot_be_a_field(recipes: Any) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        _ = recipes.Vectors(dim=object()).identity


def test_the_folder_is_chosen_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "chosen"))
    assert Cache().folder == tmp_path / "chosen"
    assert Cache(tmp_path / "given").folder == tmp_path / "given"
    monkeypatch.delenv("HARNESS_CACHE")
    assert Cache().folder.name == "artefacts"


HARM = [lambda data: data[:-40], lambda data: b"", lambda data: data.replace(b"\0\0", b"\0\1")]


@pytest.mark.parametrize("harm", HARM, ids=["cut off", "empty", "changed"])
def test_an_artefact_that_cannot_be_read_is_put_aside_and_built_again(recipes: Any, cache: Cache, harm: Any) -> None:
    built = cache.get(recipes.Vectors(dim=5))
    (path,) = cache.folder.glob("*.npz")
    harmed = harm(path.read_bytes())
    path.write_bytes(harmed)
    assert cache.get(recipes.Vectors(dim=5)).digest == built.digest
    assert path.with_suffix(".unreadable").read_bytes() == harmed
