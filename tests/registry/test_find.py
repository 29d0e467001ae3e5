"""Tasks and entrants are found by reading source, wherever they come from, and a name belongs to one of them."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from harness.core.card import read_card
from harness.core.entrant import Entrant
from harness.core.errors import UserError
from harness.registry.find import Registry, find, load_entrant, load_task, source_of
from harness.registry.headers import HARNESS
from harness.registry.tasks import TaskHome

CARD = """
version = 1
title = "Words"
question = "?"
unit = "tokens"
primary = "spearman"
seed_varies = "nothing"

[metrics.spearman]
better = "higher"

[[cases]]
id = "atlas"
generated = "atlas"

[tiers.smoke]
cases = ["atlas"]
seeds = 1
budget = { tokens = 10 }
expect_s = 1
limit_s = 10
"""
PLUGIN = '''
from __future__ import annotations
from harness.tasks.words import Embedder

class Own(Embedder):
    """An entrant."""
    name = "{name}"
    dim: int = 100
'''


class Embedder(Entrant):
    """The system of a task that the tests make up."""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A distribution with the task `words`, a baseline for it, and no other package installed."""
    root = tmp_path / "house"
    _write(root / "harness" / "__init__.py")
    _write(root / "harness" / "core" / "entrant.py", "class Entrant: ...\n")
    words = root / "harness" / "tasks" / "words"
    _write(root / "harness" / "tasks" / "__init__.py")
    _write(words / "__init__.py", "from harness.core.entrant import Entrant\nclass Embedder(Entrant): ...\n")
    _write(words / "task.toml", CARD)
    _write(words / "task.py")
    _write(root / "methods" / "__init__.py")
    _write(root / "baselines" / "__init__.py")
    _write(root / "baselines" / "words" / "counts.py", PLUGIN.format(name="counts"))
    for module in ("harness.registry.headers", "harness.registry.find"):
        monkeypatch.setattr(f"{module}.HARNESS", root / "harness")
    interface = ModuleType("harness.tasks.words")
    interface.Embedder = Embedder  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "harness.tasks.words", interface)
    monkeypatch.setattr("sys.path", [str(root), *sys.path])
    monkeypatch.setattr(
        "harness.registry.find.source_of",
        lambda name: root / "harness" / "__init__.py" if name == "harness" else source_of(name),
    )
    _install(monkeypatch, "methods", "baselines")
    for name in [name for name in sys.modules if name.partition(".")[0] in ("methods", "baselines")]:
        monkeypatch.delitem(sys.modules, name)
    before = set(sys.modules)
    yield root
    for name in [name for name in sys.modules if name not in before]:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def _write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return path


def _install(monkeypatch: pytest.MonkeyPatch, *entrants: str, tasks: Sequence[str] = ()) -> None:
    """Let these packages bring entrants, and beside `harness.tasks` these bring tasks."""
    points = [EntryPoint(name, name, "harness.entrants") for name in entrants]
    points += [EntryPoint(name.split(".")[0], name, "harness.tasks") for name in ("harness.tasks", *tasks)]
    monkeypatch.setattr(
        "harness.registry.find.entry_points", lambda group: [point for point in points if point.group == group]
    )


def _plugin(house: Path, name: str = "own", file: str = "plugins/plug.py") -> Path:
    return _write(house.parent / file, PLUGIN.format(name=name))


def test_every_built_in_task_is_listed_and_loads() -> None:
    registry = find()
    assert set(registry.tasks) == {path.parent.name for path in (HARNESS / "tasks").glob("*/task.toml")}
    for name, card in registry.tasks.items():
        assert load_task(card, registry.homes[name]).card is card


def test_every_built_in_entrant_is_listed_and_nothing_is_wrong_with_it() -> None:
    registry = find()
    own = {"method", "ablation", "baseline"}
    assert [problem for problem in registry.problems if str(HARNESS.parent) in problem] == []
    assert {header.kind for header in registry.entrants.values()} >= own
    for (task, name), header in registry.entrants.items():
        assert (header.task, header.name) == (task, name)
        assert task in registry.tasks
        if header.kind in own:
            assert header.title, f"{header.place} has no docstring"
            assert registry.closure(header).files


def test_finding_imports_nothing(house: Path) -> None:
    _write(house / "baselines" / "words" / "crash.py", PLUGIN.format(name="crash") + "raise SystemExit('imported')\n")
    assert find([_plugin(house)]).of_task("words").keys() == {"counts", "crash", "own"}
    assert not [name for name in sys.modules if name.partition(".")[0] in ("baselines", "methods", "plug")]


def test_a_plugin_is_found_beside_the_baselines(house: Path) -> None:
    header = find([_plugin(house)]).header("words", "own")
    assert (header.kind, header.module, header.root) == ("plugin", "plug", house.parent / "plugins")


def test_a_plugin_cannot_take_a_name_that_exists(house: Path) -> None:
    with pytest.raises(UserError) as raised:
        find([_plugin(house, "counts")])
    taken = house / "baselines" / "words" / "counts.py"
    assert str(raised.value) == f"{house.parent}/plugins/plug.py:5: the name 'counts' is taken in words by {taken}:5"


def test_two_classes_of_one_file_cannot_share_a_name(house: Path) -> None:
    path = _plugin(house)
    path.write_text(path.read_text() + "\nclass Second(Embedder):\n    name = 'own'\n")
    with pytest.raises(UserError, match=r"plug\.py:10: the name 'own' is taken in words by .*plug\.py:5"):
        find([path])


def test_a_plugin_given_twice_is_one(house: Path) -> None:
    path = _plugin(house)
    assert len(find([path, path]).of_task("words")) == 2


def test_cases_must_be_cases_of_the_task(house: Path) -> None:
    plugin = _plugin(house)
    plugin.write_text(plugin.read_text() + '    cases = ("atlas", "atlsa")\n')
    with pytest.raises(UserError, match=r"plug\.py:5: cases names 'atlsa'; words has: atlas"):
        find([plugin])
    plugin.write_text(plugin.read_text().replace(', "atlsa"', ","))
    assert find([plugin]).header("words", "own").cases == ("atlas",)


def test_a_plugin_may_be_inside_a_package(house: Path) -> None:
    _write(house.parent / "lab" / "__init__.py")
    _write(house.parent / "lab" / "words" / "__init__.py")
    _write(house.parent / "lab" / "shared.py", "LETTERS = 26\n")
    path = _plugin(house, file="lab/words/plug.py")
    path.write_text(
        "from ..shared import LETTERS\n" + path.read_text().replace("from __future__ import annotations", "")
    )
    registry = find([path])
    header = registry.header("words", "own")
    assert (header.module, header.root) == ("lab.words.plug", house.parent / "lab")
    assert set(registry.closure(header).files) == {"__init__.py", "shared.py", "words/__init__.py", "words/plug.py"}
    assert load_entrant(header).__module__ == "lab.words.plug"


def test_a_plugin_loads_with_postponed_annotations_and_its_helpers(house: Path) -> None:
    path = _plugin(house)
    _write(path.parent / "plug_helper.py", "WIDTH = 7\n")
    path.write_text(
        path.read_text() + "\n    def width(self):\n        from plug_helper import WIDTH\n        return WIDTH\n"
    )
    cls = load_entrant(find([path]).header("words", "own"))
    entrant = cls(dim=50)  # type: ignore[call-arg]
    assert entrant.parameters == {"dim": 50}
    assert entrant.width() == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "taken_by"), [("random.py", "random.py"), ("numpy.py", "numpy"), ("time.py", "built-in")]
)
def test_a_plugin_cannot_be_called_like_a_library(house: Path, name: str, taken_by: str) -> None:
    with pytest.raises(UserError, match=rf"the name '{name[:-3]}' is taken by .*{taken_by}.*; rename the plug-in"):
        find([_plugin(house, file=f"plugins/{name}")])


@pytest.mark.parametrize("name", ["my-plug.py", "plug.v2.py", "2plug.py"])
def test_a_plugin_must_have_a_name_that_can_be_imported(house: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be imported; use letters, digits and _ in its name"):
        find([_plugin(house, file=f"plugins/{name}")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "is not a file; --plugin takes the path of a Python file"),
        ("x = 1\n", "defines no entrant: a top-level class with a literal `name` whose base is imported from"),
        ("class A(\n", r"plug\.py, line 1: '\(' was never closed"),
        (
            "from harness.tasks.words import Embedder\nclass A(Embedder):\n    name = 'A'\n",
            r"plug\.py:2: name is 'A', but",
        ),
    ],
)
def test_a_plugin_that_cannot_be_read_is_an_error(house: Path, text: str | None, message: str) -> None:
    path = house.parent / "plugins" / "plug.py"
    if text is not None:
        _write(path, text)
    with pytest.raises(UserError, match=message):
        find([path])


def test_a_built_in_file_that_cannot_be_read_is_named_and_the_others_are_listed(house: Path) -> None:
    broken = _write(house / "baselines" / "words" / "broken.py", "class A(\n")
    twice = _write(house / "methods" / "twice.py", PLUGIN.format(name="counts"))
    (house / "baselines" / "words" / ".#counts.py").symlink_to("nowhere")
    registry = find()
    assert set(registry.of_task("words")) == {"counts"}
    assert len(registry.problems) == 2
    assert registry.problems[0].startswith(f"{broken}, line 1: ")
    assert registry.problems[1].startswith(f"{twice}:5: the name 'counts' is taken")


def test_an_installed_package_that_is_gone_is_named(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, "baselines", "vanished_package")
    assert find().problems == [
        "entry point 'vanished_package' of harness.entrants leads nowhere: there is no module or package "
        "'vanished_package'; reinstall what brings it"
    ]


def _task(folder: Path, card: str = CARD) -> Path:
    """A task folder in a package of that name, or of its parent's; both are importable."""
    _write(folder / "__init__.py", "from harness.core.entrant import Entrant\nclass Player(Entrant): ...\n")
    _write(folder / "task.py", "raise SystemExit('imported')\n")
    return _write(folder / "task.toml", card)


@pytest.mark.parametrize("place", ["games", "games/chess"])
def test_a_package_brings_a_task_in_its_own_folder_or_in_a_folder_of_it(
    house: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    name, package = Path(place).name, place.replace("/", ".")
    _write(house / "games" / "__init__.py")
    _task(house / place)
    entrant = f"from {package} import Player\nclass Own(Player):\n    name = 'own'\n"
    _write(house / "games" / "entrants.py", entrant)
    _install(monkeypatch, "games", tasks=["games"])
    registry = find()
    assert not registry.problems
    assert registry.homes[name] == TaskHome(house / place, package)
    header = registry.header(name, "own")
    assert (header.task, header.root, header.module) == (name, house / "games", "games.entrants")
    assert "games" not in sys.modules


def test_the_key_of_an_entrant_covers_its_task_only_where_both_are_in_one_package(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _task(house / "games")
    _write(house / "games" / "data.py", "LINES = 3\n")
    _write(house / "games" / "task.py", "from games.data import LINES\n")
    entrant = "from games import Player\nclass Own(Player):\n    name = '{}'\n"
    _write(house / "games" / "entrants.py", entrant.format("own"))
    _install(monkeypatch, "games", tasks=["games"])
    other = _write(house / "other.py", entrant.format("other"))
    registry = find([other])
    files = {name: set(registry.closure(header).files) for name, header in registry.of_task("games").items()}
    assert files == {"own": {"__init__.py", "data.py", "entrants.py", "task.py"}, "other": {"other.py"}}


FAULTY_TASKS = {
    "a task folder without a card": (
        {"chess/task.py": ""},
        "{house}/games/chess: a task folder needs a task.toml and a task.py; there is no task.toml",
    ),
    "a package without a task folder": (
        {},
        "entry point 'games' of harness.tasks: there is no task.toml in {house}/games or in a folder of it",
    ),
    "a card without a protocol": (
        {"chess/task.toml": CARD},
        "{house}/games/chess: a task folder needs a task.toml and a task.py; there is no task.py",
    ),
    "a card with a syntax error": (
        {"chess/task.toml": "version = \n", "chess/task.py": ""},
        "{house}/games/chess/task.toml: Invalid value (at line 1, column 11)",
    ),
    "a card with a fault": (
        {"chess/task.toml": CARD.replace('primary = "spearman"', 'primary = "pearson"'), "chess/task.py": ""},
        "{house}/games/chess/task.toml: card: primary metric 'pearson' is not among the metrics",
    ),
    "no smoke tier": (
        {"chess/task.toml": CARD.replace("tiers.smoke", "tiers.quick"), "chess/task.py": ""},
        "{house}/games/chess/task.toml: tiers: there is no tier 'smoke', at which entrants are tested",
    ),
    "an unknown data set": (
        {"chess/task.toml": CARD.replace('generated = "atlas"', 'data = ["scifatc"]'), "chess/task.py": ""},
        "{house}/games/chess/task.toml: case 'atlas': unknown data set 'scifatc'; did you mean scifact or ",
    ),
    "a file that is not bundled": (
        {"chess/task.toml": CARD.replace('generated = "atlas"', 'bundled = ["a.csv"]'), "chess/task.py": ""},
        "{house}/games/chess/task.toml: case 'atlas': bundled names a.csv, which is not beside the card",
    ),
    "a taken name": (
        {"words/task.toml": CARD, "words/task.py": ""},
        "{house}/games/words/task.toml: the name 'words' is taken by {house}/harness/tasks/words/task.toml; "
        "rename the folder",
    ),
    "a name that is not allowed": (
        {"Chess/task.toml": CARD, "Chess/task.py": ""},
        "{house}/games/Chess: a task is called as its folder, but 'Chess' does not match [a-z][a-z0-9_]*",
    ),
}


@pytest.mark.parametrize("fault", FAULTY_TASKS)
def test_a_faulty_task_is_one_line_with_its_place_and_the_others_are_listed(
    house: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    files, message = FAULTY_TASKS[fault]
    _write(house / "games" / "__init__.py")
    for name, text in files.items():
        _write(house / "games" / name, text)
    _task(house / "good_games")
    _install(monkeypatch, "baselines", tasks=["games", "good_games"])
    registry = find()
    (problem,) = registry.problems
    assert problem.startswith(message.format(house=house))
    assert registry.tasks.keys() == {"words", "good_games"}
    assert registry.of_task("words").keys() == {"counts"}


@pytest.mark.parametrize("value", ["vanished", "games.vanished", "random", ""])
def test_an_entry_point_that_leads_to_no_package_is_named(
    house: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    _write(house / "games" / "__init__.py")
    _install(monkeypatch, "baselines", tasks=[value])
    (problem,) = find().problems
    assert problem.endswith(f"leads nowhere: there is no package '{value}'; reinstall what brings it")


def test_entrants_of_a_task_whose_card_is_faulty_are_left_out(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(house / "harness" / "tasks" / "words" / "task.toml", "version = \n")
    _install(monkeypatch, "baselines")
    registry = find([_plugin(house)])
    assert (dict(registry.tasks), dict(registry.entrants)) == ({}, {})
    assert len(registry.problems) == 1


@pytest.mark.parametrize("classes", ["", "class A(Task): ...\nclass B(Task): ...\n"])
def test_a_task_module_defines_one_task(house: Path, monkeypatch: pytest.MonkeyPatch, classes: str) -> None:
    _task(house / "games")
    _write(house / "games" / "__init__.py")
    _write(house / "games" / "task.py", f"from harness.core.task import Task\n{classes}")
    _install(monkeypatch, tasks=["games"])
    registry = find()
    with pytest.raises(UserError, match=r"games/task\.py must define one subclass of Task, but defines [02]$"):
        load_task(registry.card("games"), registry.homes["games"])


@pytest.mark.parametrize("name", ["methods", "baselines"])
def test_another_folder_of_our_name_that_hides_ours_is_one_clear_error(
    house: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    elsewhere = house.parent / "elsewhere"
    _write(elsewhere / name / "__init__.py")
    monkeypatch.setattr("sys.path", [str(elsewhere), *sys.path])
    with pytest.raises(UserError) as raised:
        find()
    assert str(raised.value).startswith(f"'{name}' resolves to {elsewhere / name}, not to this distribution's {house}")
    assert "hides it; rename it or run elsewhere" in str(raised.value)


def test_a_lone_module_that_is_installed_is_found_and_closed_by_itself(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = house.parent / "site"
    path = _write(
        site / "lone_entrant.py", "import other_library\n" + PLUGIN.format(name="lone").replace("from __f", "# ")
    )
    _write(site / "other_library" / "__init__.py", "x = 1\n")
    monkeypatch.setattr("sys.path", [str(site), *sys.path])
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(site))
    _install(monkeypatch, "baselines", "lone_entrant")
    registry = find()
    header = registry.header("words", "lone")
    assert header.path == path
    assert set(registry.closure(header).files) == {"lone_entrant.py"}


def test_a_plugin_beside_the_harness_does_not_have_it_in_its_closure(house: Path) -> None:
    path = _write(house / "plug.py", PLUGIN.format(name="own"))
    registry = find([path])
    assert set(registry.closure(registry.header("words", "own")).files) == {"plug.py"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("absent.txt", r"files names .*plugins/absent\.txt, which is not there"),
        ("../x.txt", "which is outside .*plugins"),
    ],
)
def test_declared_files_must_be_there_and_inside(house: Path, files: str, message: str) -> None:
    _write(house.parent / "x.txt")
    path = _plugin(house)
    path.write_text(path.read_text() + f'    files = ("{files}",)\n')
    registry = find([path])
    with pytest.raises(UserError, match=message):
        registry.closure(registry.header("words", "own"))


def test_declared_files_are_part_of_the_closure(house: Path) -> None:
    path = _plugin(house)
    path.write_text(path.read_text() + '    files = ("words.txt",)\n')
    digests = []
    for text in ("one", "two"):
        _write(path.parent / "words.txt", text)
        registry = find([path])
        digests.append(registry.closure(registry.header("words", "own")).digest)
    assert digests[0] != digests[1]


def test_unknown_names_come_with_the_nearest_ones(house: Path) -> None:
    registry = find()
    with pytest.raises(UserError, match=r"^unknown task 'word'; did you mean words\?$"):
        registry.card("word")
    with pytest.raises(UserError, match=r"^unknown entrant of words 'count'; did you mean counts\?$"):
        registry.header("words", "count")
    with pytest.raises(UserError, match=r"^unknown entrant of words 'zzz'; there are: counts$"):
        registry.header("words", "zzz")
    with pytest.raises(UserError, match=r"^unknown task 'x'; there are none$"):
        Registry().card("x")


def test_a_card_is_read_without_importing_its_task(house: Path) -> None:
    assert find().card("words") == read_card(house / "harness" / "tasks" / "words" / "task.toml")


def _python(program: str, path: list[Path], cwd: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    words = [sys.executable, "-c", program]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=60, cwd=cwd, env=environment)


def test_an_installed_package_enters_by_its_entry_point(tmp_path: Path) -> None:
    """The whole way, in a process of its own, with a real task and a package as an installer lays it out."""
    site = tmp_path / "site"
    _write(site / "thirdparty" / "__init__.py")
    _write(site / "thirdparty" / "deep" / "__init__.py", 'raise SystemExit("imported")\n')
    _write(
        site / "thirdparty" / "deep" / "entrant.py",
        """
        from harness.tasks.retrieval import Retriever

        class Blind(Retriever):
            name = "blind"
        """,
    )
    _write(site / "thirdparty-1.0.dist-info" / "METADATA", "Metadata-Version: 2.1\nName: thirdparty\nVersion: 1.0\n")
    _write(site / "thirdparty-1.0.dist-info" / "entry_points.txt", "[harness.entrants]\nmine = thirdparty.deep\n")
    program = (
        "from harness.registry.find import find; header = find().header('retrieval', 'blind');"
        "print(header.kind, header.module, header.root)"
    )
    done = _python(program, [site], tmp_path)
    assert done.stdout == f"plugin thirdparty.deep.entrant {site}/thirdparty\n", done.stderr


def test_a_folder_named_methods_first_on_the_path_stops_the_command_with_one_line(tmp_path: Path) -> None:
    _write(tmp_path / "methods" / "__init__.py")
    done = subprocess.run(
        [sys.executable, "-m", "harness", "list"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "1000"},
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"'methods' resolves to {tmp_path}/methods, not to this distribution's" in done.stderr
