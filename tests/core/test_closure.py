"""A changed line voids exactly what imports it; comments, docstrings, blank lines and formatting void nothing."""

import shutil
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from harness.core.closure import Closure, closure, closure_of_module, top_level_folder
from harness.core.errors import UserError

PACKAGE = {
    "__init__.py": '"""A package."""\n',
    "words/__init__.py": '"""A sub-package."""\n',
    "words/ppmi.py": "from package.words.counts import count\nfrom ..shared import math\n\nclass Ppmi:\n    d = 1\n",
    "words/sgns.py": "from . import sampling\n\nclass Sgns:\n    dim = 100\n",
    "words/counts.py": "from ..shared.text import split\n\ndef count(text):\n    return split(text)\n",
    "words/sampling.py": "def sample():\n    return 1\n",
    "words/unused.py": "x = 1\n",
    "shared/__init__.py": "",
    "shared/math.py": "def log(x):\n    return x\n",
    "shared/text.py": "def split(text):\n    return text.split()\n",
}
OF_PPMI = {"__init__.py", "words/__init__.py", "words/ppmi.py", "words/counts.py"} | {
    "shared/__init__.py",
    "shared/math.py",
    "shared/text.py",
}
OF_SGNS = {"__init__.py", "words/__init__.py", "words/sgns.py", "words/sampling.py"}

Tree = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes files into a new folder `package` and returns it. New, because unchanged sizes and times are trusted."""
    count = 0

    def write(files: Mapping[str, str]) -> Path:
        nonlocal count
        count += 1
        for name, text in files.items():
            path = tmp_path / str(count) / "package" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / str(count) / "package"

    return write


def _of(root: Path, start: str, **options: object) -> Closure:
    return closure([root / start], root, **options)  # type: ignore[arg-type]


def test_a_closure_is_what_is_imported_and_the_packages_that_hold_it(tree: Tree) -> None:
    root = tree(PACKAGE)
    assert set(_of(root, "words/ppmi.py").files) == OF_PPMI
    assert set(_of(root, "words/sgns.py").files) == OF_SGNS


@pytest.mark.parametrize("name", sorted(PACKAGE))
def test_editing_a_file_changes_exactly_the_closures_that_import_it(tree: Tree, name: str) -> None:
    before, after = tree(PACKAGE), tree({**PACKAGE, name: PACKAGE[name] + "y = 2\n"})
    for start, files in (("words/ppmi.py", OF_PPMI), ("words/sgns.py", OF_SGNS)):
        old, new = _of(before, start), _of(after, start)
        assert (old.digest != new.digest) == (name in files)
        assert {file for file in files if old.files[file] != new.files[file]} == {name} & files


def test_removing_or_adding_an_import_changes_the_closure(tree: Tree) -> None:
    after = tree({**PACKAGE, "words/sgns.py": "from . import sampling, unused\n\nclass Sgns:\n    dim = 100\n"})
    assert set(_of(after, "words/sgns.py").files) == OF_SGNS | {"words/unused.py"}


SOURCE = '''"""What it is."""
import os

LIMIT = 10


def grow(seed, *, steps=3, **more):
    """Grow it.

    At length.
    """
    total = 0
    for step in range(steps):
        total += step * seed if seed else -step
    return {"total": total, **more}


class Options:
    """Options."""

    rate: float = 0.5
    """How fast."""
'''
EQUIVALENT = {
    "comments": SOURCE.replace("total = 0", "total = 0  # nothing yet\n    # and more"),
    "docstrings": SOURCE.replace("Grow it.", "Let it grow.").replace("What it is.", "What it was."),
    "no docstrings": SOURCE.replace('    """How fast."""\n', "").replace('    """Options."""\n\n', ""),
    "blank lines": SOURCE.replace("\n\n\n", "\n").replace("    total = 0\n", "    total = 0\n\n\n"),
    "line breaks": SOURCE.replace('{"total": total, **more}', '{\n        "total": total,\n        **more,\n    }'),
    "parentheses": SOURCE.replace("step * seed if seed else -step", "((step * seed) if (seed) else (-step))"),
    "quotes": SOURCE.replace('{"total"', "{'total'"),
    "indentation": SOURCE.replace("    ", "  "),
    "line endings": SOURCE.replace("\n", "\r\n"),
    "spaces": SOURCE.replace("steps=3", "steps = 3").replace("LIMIT = 10", "LIMIT=10"),
    "numbers": SOURCE.replace("LIMIT = 10", "LIMIT = 1_0").replace("0.5", ".50"),
    "encoding": "# -*- coding: utf-8 -*-\n" + SOURCE,
}
OTHER = {
    "a number": SOURCE.replace("steps=3", "steps=4"),
    "its type": SOURCE.replace("LIMIT = 10", "LIMIT = 10.0"),
    "a default": SOURCE.replace("rate: float = 0.5", "rate: float"),
    "an annotation": SOURCE.replace("rate: float = 0.5", "rate: int = 0.5"),
    "a name": SOURCE.replace("step * seed", "steps * seed"),
    "an operator": SOURCE.replace("+= step", "-= step"),
    "the order of statements": SOURCE.replace("import os\n\nLIMIT = 10", "LIMIT = 10\nimport os"),
    "an indented return": SOURCE.replace("    return {", "        return {"),
    "an import": SOURCE.replace("import os", "import sys"),
    "a keyword-only mark": SOURCE.replace("seed, *, steps", "seed, steps"),
    "a string that is used": SOURCE.replace('"total":', '"sum":'),
    "a decorator": SOURCE.replace("class Options:", "@staticmethod\nclass Options:"),
}


@pytest.mark.parametrize("edited", EQUIVALENT.values(), ids=EQUIVALENT)
def test_what_changes_no_behaviour_changes_no_digest(tree: Tree, edited: str) -> None:
    assert edited != SOURCE
    assert _of(tree({"a.py": edited}), "a.py").digest == _of(tree({"a.py": SOURCE}), "a.py").digest


@pytest.mark.parametrize("edited", OTHER.values(), ids=OTHER)
def test_what_may_change_behaviour_changes_the_digest(tree: Tree, edited: str) -> None:
    assert edited != SOURCE
    assert _of(tree({"a.py": edited}), "a.py").digest != _of(tree({"a.py": SOURCE}), "a.py").digest


GOLDEN = [(SOURCE, "f5202f0598ef76a2042a584b3194170b")]
"""Digests of source that stand in stored keys, on every version of Python. Entries are added, never edited."""


@pytest.mark.parametrize(("source", "digest"), GOLDEN)
def test_digests_of_source_are_what_they_always_were(tree: Tree, source: str, digest: str) -> None:
    assert _of(tree({"a.py": source}), "a.py").digest == digest


IMPORTS = {
    "import package.helper": {"helper.py"},
    "import package.helper as short": {"helper.py"},
    "import os, package.helper": {"helper.py"},
    "from package import helper": {"helper.py"},
    "from package.helper import thing": {"helper.py"},
    "from package.helper import *": {"helper.py"},
    "from . import helper": {"helper.py"},
    "from .helper import thing": {"helper.py"},
    "from . import helper as other, absent": {"helper.py"},
    "import package.sub.deep.leaf": {"sub/__init__.py", "sub/deep/__init__.py", "sub/deep/leaf.py"},
    "from package.sub import deep": {"sub/__init__.py", "sub/deep/__init__.py"},
    "from package.sub.deep import leaf": {"sub/__init__.py", "sub/deep/__init__.py", "sub/deep/leaf.py"},
    "from .sub.deep.leaf import thing": {"sub/__init__.py", "sub/deep/__init__.py", "sub/deep/leaf.py"},
    "import package.sub": {"sub/__init__.py"},
    "import package.sub.compiled": {"sub/__init__.py"},
    "from package.twice import thing": {"twice/__init__.py"},
    "from package.space import inner": {"space/inner.py"},
    "import package.space.inner": {"space/inner.py"},
    "if True:\n    from . import helper": {"helper.py"},
    "try:\n    import package.helper\nexcept ImportError:\n    pass": {"helper.py"},
    "def f():\n    from .helper import thing": {"helper.py"},
    "class A:\n    import package.helper": {"helper.py"},
    "import package": set(),
    "import helper": set(),
    "from sub import deep": set(),
    "import numpy.linalg": set(),
    "import packages.helper": set(),
    "from .. import helper": set(),
    "from ..outside import thing": set(),
    "from ................................ import thing": set(),
}


@pytest.mark.parametrize("statement", IMPORTS)
def test_every_form_of_import_is_followed(tree: Tree, statement: str) -> None:
    root = tree(
        {
            "__init__.py": "",
            "start.py": statement + "\n",
            "helper.py": "thing = 1\n",
            "twice.py": "thing = 1\n",
            "twice/__init__.py": "thing = 2\n",
            "space/inner.py": "thing = 1\n",
            "sub/__init__.py": "",
            "sub/deep/__init__.py": "",
            "sub/deep/leaf.py": "thing = 1\n",
            "../outside.py": "thing = 1\n",
            "../helper.py": "thing = 1\n",
        }
    )
    assert set(_of(root, "start.py").files) == {"__init__.py", "start.py"} | IMPORTS[statement]


def test_a_package_follows_what_its_own_init_imports(tree: Tree) -> None:
    root = tree({"__init__.py": "from .setup import ready\n", "setup.py": "ready = 1\n", "leaf.py": "x = 1\n"})
    assert set(_of(root, "leaf.py").files) == {"__init__.py", "setup.py", "leaf.py"}


def test_modules_that_import_each_other_end(tree: Tree) -> None:
    root = tree({"a.py": "import b\n", "b.py": "import a\n"})
    assert set(_of(root, "a.py").files) == {"a.py", "b.py"}


def test_a_lone_file_imports_from_its_folder(tree: Tree) -> None:
    root = tree({"plug.py": "import helper\nfrom lib import tool\nimport json\n", "helper.py": "", "lib/tool.py": ""})
    assert set(_of(root, "plug.py").files) == {"plug.py", "helper.py", "lib/tool.py"}


def test_a_file_beside_the_folder_that_bounds_the_walk_is_outside(tree: Tree) -> None:
    root = tree({"plug.py": "from . import helper\n", "helper.py": "", "../package.py": "x = 1\n"})
    assert set(_of(root, "plug.py").files) == {"plug.py", "helper.py"}


def test_the_walk_is_the_same_from_any_place(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(PACKAGE)
    moved = tmp_path / "quite" / "another place" / "package"
    shutil.copytree(root, moved)
    expected = _of(root, "words/ppmi.py")
    assert _of(moved, "words/ppmi.py").digest == expected.digest
    monkeypatch.chdir(moved.parent)
    assert closure([Path("package/words/ppmi.py")], Path("package")).digest == expected.digest
    (tmp_path / "link").symlink_to(moved)
    assert _of(tmp_path / "link", "words/ppmi.py").digest == expected.digest


def test_what_only_tuning_reads_of_an_entrant_voids_nothing_and_elsewhere_these_names_do(
    tree: Tree,
) -> None:
    named, nameless = 'class A:\n    name = "a"\n    {}\n    d = 1\n', "class A:\n    {}\n    d = 1\n"
    plain = ('"""Nothing."""', 'search_space = {"d": [1]}', 'tuned_as: ClassVar = "b"')
    digests = [[_of(tree({"a.py": text.format(line)}), "a.py").digest for line in plain] for text in (named, nameless)]
    assert len(set(digests[0])) == 1
    assert len(set(digests[1])) == 3
    variables = [_of(tree({"a.py": f"search_space = {value}\n"}), "a.py").digest for value in (1, 2)]
    assert len(set(variables)) == 2


def test_bytes_of_declared_files_count(tree: Tree) -> None:
    root, same, other = (tree({"a.py": "", "words.txt": text}) for text in ("one\ntwo\n", "one\ntwo\n", "one\ntwo\n\n"))
    digests = [_of(folder, "a.py", extra=[folder / "words.txt"]).digest for folder in (root, same, other)]
    assert digests[0] == digests[1] != digests[2]
    assert _of(root, "a.py").digest not in digests


def test_a_linked_file_counts_where_the_link_is(tree: Tree, tmp_path: Path) -> None:
    root, plain = tree({"a.py": ""}), tree({"a.py": "", "words.txt": "one\n"})
    (tmp_path / "elsewhere.txt").write_text("one\n")
    (root / "words.txt").symlink_to(tmp_path / "elsewhere.txt")
    expected = _of(plain, "a.py", extra=[plain / "words.txt"])
    assert _of(root, "a.py", extra=[root / "words.txt"]).files == expected.files


def test_what_is_skipped_is_neither_entered_nor_counted(tree: Tree) -> None:
    root = tree(PACKAGE)
    files = _of(root, "words/ppmi.py", skip=lambda path: path.name == "counts.py")
    assert set(files.files) == OF_PPMI - {"words/counts.py", "shared/text.py"}


def test_a_file_that_changes_within_a_process_is_read_anew(tree: Tree) -> None:
    root = tree({"a.py": "x = 1\n"})
    before = _of(root, "a.py").digest
    (root / "a.py").write_text("x = 1000\n")
    assert _of(root, "a.py").digest != before


def test_a_syntax_error_is_named_with_its_line(tree: Tree) -> None:
    root = tree({"a.py": "import package.b\n", "__init__.py": "", "b.py": "x = 1\ny = (\n"})
    with pytest.raises(UserError, match=r"package/b\.py, line 2: '\(' was never closed"):
        _of(root, "a.py")


def test_the_top_level_folder_is_the_outermost_package(tree: Tree) -> None:
    root = tree(PACKAGE | {"notebooks/lone.py": ""})
    assert top_level_folder(root / "words" / "ppmi.py") == root
    assert top_level_folder(root / "__init__.py") == root
    assert top_level_folder(root / "notebooks" / "lone.py") == root / "notebooks"


def test_the_closure_of_a_module_is_that_of_its_file(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree({name.replace("package", "closed"): text for name, text in PACKAGE.items()})
    monkeypatch.syspath_prepend(str(root.parent))
    monkeypatch.delitem(sys.modules, "package", raising=False)
    module = import_module("package.words.sampling")
    for name in [name for name in sys.modules if name.partition(".")[0] == "package"]:
        monkeypatch.delitem(sys.modules, name)
    assert closure_of_module(module).files == _of(root, "words/sampling.py").files
