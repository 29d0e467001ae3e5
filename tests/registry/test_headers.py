"""What an entrant is, is read from its source: nothing is imported, and what cannot be read is named with its line."""

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from harness.core.errors import UserError
from harness.core.spec import Value
from harness.registry.headers import Header, module_name, read_headers
from harness.registry.parameters import Parameter
from harness.registry.search import Choice, Range, Space
from harness.registry.tasks import TaskHome
from harness.runs.selection import expand, parse_parameter

INTERFACE = """
from harness.core.entrant import Entrant, capability

class Sized:
    size: int = 3

class Embedder(Entrant):
    def vectors(self): ...

    @capability
    def codes(self, k): ...

    @capability
    def contextual(self, tokens): ...

class Binariser(Embedder):
    length: int = 16

    def codes(self, k): return 1
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A harness with one task `words`; its parent folder is the distribution."""
    harness = tmp_path / "house" / "harness"
    _write(harness / "__init__.py")
    _write(
        harness / "core" / "entrant.py",
        "class Entrant:\n    name: ClassVar[str]\n    files: ClassVar[tuple[str, ...]] = ()\n",
    )
    _write(harness / "tasks" / "__init__.py")
    _write(
        harness / "tasks" / "words" / "__init__.py", "from harness.tasks.words.interface import Embedder as Embedder\n"
    )
    _write(harness / "tasks" / "words" / "interface.py", INTERFACE)
    monkeypatch.setattr("harness.registry.headers.HARNESS", harness)
    return harness.parent


def _write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return path


def headers_in(house: Path, path: Path, root: Path, *others: TaskHome) -> list[Header]:
    """The headers of a file where the task `words` and the `others` are known."""
    homes = (TaskHome(house / "harness" / "tasks" / "words", "harness.tasks.words"), *others)
    return list(read_headers(path, root, {home.folder.name: home for home in homes}))


def _plugin(house: Path, text: str) -> list[Header]:
    path = _write(house.parent / "plugins" / "plug.py", "from harness.tasks.words import Embedder\n" + dedent(text))
    return headers_in(house, path, path.parent)


def _header(house: Path, text: str) -> Header:
    (header,) = _plugin(house, text)
    return header


def test_a_header_says_what_a_class_says_of_itself(house: Path) -> None:
    header = _header(
        house,
        '''
        import a_library_that_is_not_installed

        class Ppmi(Embedder):
            """Pointwise mutual information.

            And more of it.
            """

            name = "ppmi"
            files = ("words.txt", "sub/more.txt")
            from_tier = "small"
            cases = ("atlas", "cost")
            deterministic = False
            search_space = {"dim": (10, 200)}
            dim: int = 100
        ''',
    )
    assert (header.name, header.title) == ("ppmi", "Pointwise mutual information.")
    assert (header.task, header.kind, header.component) == ("words", "plugin", "")
    assert (header.class_name, header.module) == ("Ppmi", "plug")
    assert header.files == ("words.txt", "sub/more.txt")
    assert (header.from_tier, header.deterministic, header.cases) == ("small", False, ("atlas", "cost"))
    assert header.search_space == Space({"dim": Range(10, 200)})
    assert header.parameters == {"dim": Parameter("int", 100)}
    assert header.place == f"{header.path}:5"
    assert "a_library_that_is_not_installed" not in sys.modules


def test_what_is_left_out_has_a_default(house: Path) -> None:
    header = _header(house, 'class Ppmi(Embedder):\n    name = "ppmi"\n')
    assert (header.title, header.files, header.from_tier, header.deterministic) == ("", (), "smoke", True)
    assert header.cases == ()
    assert not header.parameters
    assert not header.search_space.domains
    assert not header.capabilities


def test_a_class_without_a_name_or_without_a_task_is_no_entrant(house: Path) -> None:
    headers = _plugin(
        house,
        """
        class Abstract(Embedder):
            dim: int = 100

        class Unrelated:
            name = "unrelated"

        class Function(dict):
            name = "function"

        class Real(Abstract):
            name = "real"
        """,
    )
    assert [header.name for header in headers] == ["real"]


def test_a_nested_class_is_no_entrant(house: Path) -> None:
    assert not _plugin(house, "class Outer:\n    class Inner(Embedder):\n        name = 'inner'\n")


def test_bases_are_followed_through_own_classes_modules_and_re_exports(house: Path) -> None:
    root = house.parent / "package"
    _write(root / "__init__.py", "from .base import Embedder as Renamed\n")
    _write(
        root / "base.py", "from harness.tasks.words import Embedder\n\nclass Counted(Embedder):\n    window: int = 5\n"
    )
    _write(root / "deep" / "__init__.py")
    _write(
        root / "deep" / "middle.py",
        "from ..base import Counted as Counting\nclass Middle(Counting):\n    dim: int = 9\n",
    )
    path = _write(
        root / "deep" / "leaf.py",
        """
        from package.deep.middle import Middle
        from package import Renamed

        class Leaf(Middle):
            name = "leaf"

        class Other(Renamed):
            name = "other"
        """,
    )
    leaf, other = headers_in(house, path, root)
    assert leaf.parameters == {"window": Parameter("int", 5), "dim": Parameter("int", 9)}
    assert leaf.module == "package.deep.leaf"
    assert other.task == "words"


def test_a_generic_base_is_followed(house: Path) -> None:
    assert _header(house, 'class Ppmi(Embedder[int]):\n    name = "ppmi"\n').task == "words"


def test_a_class_may_take_the_name_of_its_base(house: Path) -> None:
    assert _header(house, 'class Embedder(Embedder):\n    name = "own"\n').name == "own"


def test_names_that_lead_in_a_circle_lead_nowhere(house: Path) -> None:
    root = house.parent / "package"
    _write(root / "__init__.py", "from . import Base\n")
    path = _write(root / "plug.py", 'from . import Base\nclass Plug(Base):\n    name = "plug"\n')
    assert headers_in(house, path, root) == []


def test_two_modules_that_import_from_each_other_lead_nowhere(house: Path) -> None:
    root = house.parent / "package"
    _write(root / "__init__.py")
    _write(root / "a.py", "from .b import Base\n")
    _write(root / "b.py", "from .a import Base\n")
    path = _write(root / "plug.py", 'from .a import Base\nclass Plug(Base):\n    name = "plug"\n')
    assert headers_in(house, path, root) == []


@pytest.mark.parametrize("bases", ["Mixin, Embedder", "Embedder, Mixin"])
def test_a_mixin_may_stand_on_either_side(house: Path, bases: str) -> None:
    header = _header(
        house,
        f"""
        class Mixin:
            ignored: int = 3

            def contextual(self, tokens): ...

        class Both({bases}):
            name = "both"
            dim: int = 4
        """,
    )
    assert header.parameters == {"dim": Parameter("int", 4)}, "a mixin is no dataclass: its annotations are no fields"
    assert header.capabilities == (frozenset({"contextual"}) if bases.startswith("Mixin") else frozenset())


def test_a_base_reached_twice_comes_after_what_descends_from_it(house: Path) -> None:
    header = _header(
        house,
        """
        class Base(Embedder):
            dim: int = 1

        class Left(Base):
            left: int = 2

        class Right(Base):
            dim: int = 3

        class Both(Left, Right):
            name = "both"
        """,
    )
    assert header.parameters["dim"] == Parameter("int", 3)


@pytest.mark.parametrize(
    ("base", "component"), [("Embedder", ""), ("Binariser", "Binariser"), ("Own", "Binariser")], ids=str
)
def test_the_component_is_the_task_owned_class_that_is_filled_in(house: Path, base: str, component: str) -> None:
    header = _header(
        house,
        f"""
        from harness.tasks.words.interface import Binariser

        class Own(Binariser):
            k: int = 2

        class Entrant({base}):
            name = "entrant"
        """,
    )
    assert header.component == component
    assert header.task == "words"


def test_a_mixin_of_the_task_is_no_component(house: Path) -> None:
    header = _header(
        house, "from harness.tasks.words.interface import Sized\nclass Own(Sized, Embedder):\n    name = 'own'\n"
    )
    assert header.component == ""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("methods/ance/sampler.py", "method"),
        ("methods/ance/ablations.py", "ablation"),
        ("baselines/words/a.py", "baseline"),
        ("baselines/words/references.py", "reference"),
    ],
)
def test_the_kind_is_told_by_the_folder(house: Path, place: str, kind: str) -> None:
    root = house / Path(place).parts[0]
    _write(root / "__init__.py")
    path = _write(house / place, 'from harness.tasks.words import Embedder\nclass A(Embedder):\n    name = "a"\n')
    (header,) = headers_in(house, path, root)
    assert header.kind == kind
    assert header.module == place.removesuffix(".py").replace("/", ".")


def test_a_folder_named_methods_elsewhere_holds_plugins(house: Path) -> None:
    root = house.parent / "elsewhere" / "methods"
    path = _write(root / "a.py", 'from harness.tasks.words import Embedder\nclass A(Embedder):\n    name = "a"\n')
    (header,) = headers_in(house, path, root)
    assert header.kind == "plugin"


STRANGER = "from harness.core.entrant import Entrant\nclass Guesser(Entrant):\n    def guess(self): ...\n"


def _stranger(house: Path) -> TaskHome:
    """A package `games` that brings a task of the same name, which is the package's own folder."""
    root = house.parent / "games"
    _write(root / "__init__.py", "from games.interface import Guesser as Guesser\n")
    _write(root / "interface.py", STRANGER)
    return TaskHome(root, "games")


def test_an_entrant_beside_its_task_in_one_folder_is_found(house: Path) -> None:
    home = _stranger(house)
    base = "from games.interface import Guesser\n"
    path = _write(
        home.folder / "entrants.py",
        base + "class Base(Guesser):\n    pass\nclass A(Base):\n    name = 'a'\nclass B(A):\n    name = 'b'\n",
    )
    headers = headers_in(house, path, home.folder, home)
    assert [(header.name, header.task, header.home, header.component) for header in headers] == [
        ("a", "games", home, ""),
        ("b", "games", home, ""),
    ]
    ablation = _write(home.folder / "ablation.py", "from games.entrants import A\nclass C(A):\n    name = 'c'\n")
    (header,) = headers_in(house, ablation, home.folder, home)
    assert (header.task, header.component) == ("games", "")


def test_an_entrant_of_another_package_is_of_the_task_that_its_base_belongs_to(house: Path) -> None:
    home = _stranger(house)
    path = _write(
        house.parent / "plugins" / "plug.py", "from games import Guesser\nclass A(Guesser):\n    name = 'a'\n"
    )
    (header,) = headers_in(house, path, path.parent, home)
    assert (header.task, header.home, header.root) == ("games", home, path.parent)
    assert headers_in(house, path, path.parent) == [], "nobody brings the task"


def test_the_innermost_task_folder_owns_a_class(house: Path) -> None:
    outer = _stranger(house)
    inner = TaskHome(outer.folder / "chess", "games.chess")
    _write(inner.folder / "__init__.py", STRANGER)
    path = _write(outer.folder / "own.py", "from games.chess import Guesser\nclass A(Guesser):\n    name = 'a'\n")
    (header,) = headers_in(house, path, outer.folder, outer, inner)
    assert header.task == "chess"
    assert inner.root == outer.root == outer.folder


def test_capabilities_are_marked_by_the_task_and_answered_by_any_class(house: Path) -> None:
    header = _header(
        house,
        """
        from harness.tasks.words.interface import Binariser

        class Own(Binariser):
            def contextual(self, tokens): ...

        class Leaf(Own):
            name = "leaf"

            def something_else(self): ...
        """,
    )
    assert header.capabilities == {"codes", "contextual"}


def test_parameters_are_annotated_fields_of_all_bases(house: Path) -> None:
    header = _header(
        house,
        """
        from typing import Annotated, ClassVar, Literal
        from harness.tasks.words.interface import Binariser

        LONG = 10 * 1024

        class Leaf(Binariser):
            name = "leaf"
            rate: Annotated[float, Gt(0), Le(1)] = -0.5
            kernel: Literal["relu", "exp"] = "relu"
            cap: int | None = None
            long: int = LONG
            shape: tuple[int, ...] = (1, 2)
            constant: ClassVar[int] = 3
            quoted: "ClassVar[int]" = 3
            untyped = 4
        """,
    )
    assert header.parameters == {
        "length": Parameter("int", 16),
        "rate": Parameter("Annotated[float, Gt(0), Le(1)]", -0.5),
        "kernel": Parameter("Literal['relu', 'exp']", "relu"),
        "cap": Parameter("int | None", None),
        "long": Parameter("int", "LONG"),
        "shape": Parameter("tuple[int, ...]", (1, 2)),
    }


def test_a_search_space_is_inherited_and_overridden_as_a_whole(house: Path) -> None:
    base, leaf, own = _plugin(
        house,
        """
        class Base(Embedder):
            name = "base"
            search_space = {"dim": (10, 200), "rate": [0.1, 0.2]}
            dim: int = 100
            rate: float = 0.1

        class Leaf(Base):
            name = "leaf"

        class Own(Base):
            name = "own"
            search_space = {"m": [1, 2], "dim": [10]}
            m: int = 1
        """,
    )
    assert set(base.search_space.domains) == set(leaf.search_space.domains) == {"dim", "rate"}
    assert own.search_space == Space({"m": Choice((1, 2)), "dim": Choice((10,))})


def test_a_search_space_takes_over_what_it_says_of_its_bases(house: Path) -> None:
    _, wider, other, leaf = _plugin(
        house,
        """
        class Base(Embedder):
            name = "base"
            search_space = {"dim": (10, 200)}
            dim: int = 100

        class Wider(Base):
            name = "wider"
            search_space = {**Base.search_space, "rate": [0.1, 0.2]}
            rate: float = 0.1

        class Other(Wider):
            name = "other"
            search_space = {**Wider.search_space, "rate": [0.3]}

        class Leaf(Other):
            name = "leaf"
            search_space = {**Base.search_space}
        """,
    )
    assert wider.search_space == Space({"dim": Range(10, 200), "rate": Choice((0.1, 0.2))})
    assert other.search_space == Space({"dim": Range(10, 200), "rate": Choice((0.3,))})
    assert leaf.search_space == Space({"dim": Range(10, 200)})


def test_files_and_tiers_are_inherited(house: Path) -> None:
    header = _header(
        house,
        """
        class Base(Embedder):
            files = ("words.txt",)
            from_tier = "large"
            deterministic = False

        class Leaf(Base):
            name = "leaf"
        """,
    )
    assert (header.files, header.from_tier, header.deterministic) == (("words.txt",), "large", False)


FAULTS = [
    ('name = "Ppmi"', "name is 'Ppmi', but must be a literal that matches [a-z][a-z0-9_]*"),
    ('name = "p/p"', "name is 'p/p', but must be a literal"),
    ("name = 3", "name is 3, but must be a literal"),
    ("name = prefix", "name is prefix, but must be a literal"),
    ('name: str = "ppmi"', "name is annotated, which makes it a parameter; write name = ... alone"),
    ('name = "ppmi"\n    files: tuple[str, ...] = ()', "files is annotated, which makes it a parameter"),
    ('name = "ppmi"\n    table: list', "table is annotated, which makes it a parameter, but has no default"),
    ('name = "ppmi"\n    files = "words.txt"', "files is 'words.txt', but must be a literal tuple of names"),
    ('name = "ppmi"\n    files = (3,)', "files is (3,), but must be a literal tuple of names"),
    (
        'name = "ppmi"\n    from_tier = "smal"',
        "from_tier is 'smal', but must be one of smoke, quick, small, large, paper",
    ),
    ('name = "ppmi"\n    cases = "atlas"', "cases is 'atlas', but must be a literal tuple of names, as in ('atlas',)"),
    ('name = "ppmi"\n    search_space = space()', "search_space is space(), but must be a literal dictionary"),
    ('name = "ppmi"\n    search_space = "fast"', "search_space is 'fast', but must be a literal dictionary, as in {"),
    (
        'name = "ppmi"\n    search_space = {**Other.search_space}',
        "search_space is {**Other.search_space}, but must be a literal dictionary",
    ),
    ('name = "ppmi"\n    deterministic = 0', "deterministic is 0, but must be True or False"),
    (
        'name = "ppmi"\n    search_space = {"dmi": [1]}',
        "search_space names 'dmi', which is no parameter; there are: none",
    ),
    (
        'name = "ppmi"\n    search_space = {"dim": (0, 9)}\n    dim: Annotated[int, Gt(0)] = 1',
        "search_space of dim: input should be greater than 0 (it is Annotated[int, Gt(0)])",
    ),
]


@pytest.mark.parametrize(("body", "message"), FAULTS)
def test_a_fault_is_named_with_file_and_line(house: Path, body: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        _plugin(house, f"\nclass Ppmi(Embedder):\n    {body}\n")
    assert str(raised.value).startswith(f"{house.parent}/plugins/plug.py:3: ")
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["class Ppmi(Embedder:\n    pass\n", "x = 1\n  y = 2\n"])
def test_a_syntax_error_is_named_with_file_and_line(house: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"plugins/plug\.py, line \d+: "):
        _plugin(house, text)


def test_a_file_that_is_no_text_is_named(house: Path) -> None:
    # A null byte is a fault of the value or of the syntax, depending on Python's release.
    with pytest.raises(UserError, match=r"plugins/plug\.py(, line 1:| cannot be read:) source code string cannot"):
        _plugin(house, "\0")


def test_an_edited_file_is_read_anew(house: Path) -> None:
    assert _header(house, 'class A(Embedder):\n    name = "a"\n').name == "a"
    path = _write(
        house.parent / "plugins" / "plug.py",
        'from harness.tasks.words import Embedder\nclass A(Embedder):\n    name = "b"\n',
    )
    os.utime(path, ns=(1, 1))
    (header,) = headers_in(house, path, path.parent)
    assert header.name == "b"


def test_a_module_is_named_from_its_top_level_package(tmp_path: Path) -> None:
    _write(tmp_path / "package" / "__init__.py")
    assert module_name(tmp_path / "package" / "sub" / "a.py", tmp_path / "package") == "package.sub.a"
    assert module_name(tmp_path / "a.py", tmp_path) == "a"


PPMI = Header(
    name="ppmi",
    title="",
    task="words",
    home=TaskHome(Path("words"), "words"),
    kind="plugin",
    component="",
    class_name="Ppmi",
    path=Path("plug.py"),
    root=Path(),
    module="plug",
    line=1,
    parameters={
        "dim": Parameter("int", 100),
        "rate": Parameter("Annotated[float, Gt(0), Le(1)]", 0.5),
        "kernel": Parameter("Literal['relu', 'exp']", "relu"),
        "m": Parameter("Literal[16, 64]", 16),
        "sub": Parameter("bool", False),
        "cap": Parameter("Annotated[int, Ge(1)] | None", None),
        "text": Parameter("str", ""),
        "shape": Parameter("tuple[int, ...]", (1, 2)),
        "net": Parameter("nn.Module", ...),
    },
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [{}]),
        ("dim=50,100,200", [{"dim": 50}, {"dim": 100}, {"dim": 200}]),
        (
            "dim=50,100,kernel=relu,exp",
            [
                {"dim": 50, "kernel": "relu"},
                {"dim": 50, "kernel": "exp"},
                {"dim": 100, "kernel": "relu"},
                {"dim": 100, "kernel": "exp"},
            ],
        ),
        (" dim = 50 , 100 ", [{"dim": 50}, {"dim": 100}]),
        ("dim=50,50,dim=50", [{"dim": 50}]),
        ("text=a=b", [{"text": "a=b"}]),
    ],
)
def test_brackets_expand_to_every_combination(text: str, expected: list[dict[str, Value]]) -> None:
    assert list(expand(PPMI, text)) == expected


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("dim", "50", 50),
        ("rate", "1", 1.0),
        ("rate", "1e-3", 0.001),
        ("kernel", "exp", "exp"),
        ("m", "64", 64),
        ("sub", "true", True),
        ("sub", "False", False),
        ("cap", "5", 5),
        ("cap", "none", None),
        ("text", "5", "5"),
        ("text", "none", "none"),
    ],
)
def test_a_value_has_the_type_of_its_parameter(name: str, text: str, value: Value) -> None:
    parsed = parse_parameter(PPMI, name, text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("50", "'ppmi[50]': write parameters as name=value, for example 'ppmi[dim=50]'"),
        ("=50", "'ppmi[=50]': write parameters as name=value"),
        ("dmi=50", "unknown parameter of ppmi 'dmi'; did you mean dim or m?"),
        ("zzz=50", "unknown parameter of ppmi 'zzz'; there are: cap, dim, kernel"),
        ("dim=fifty", "parameter dim=fifty of ppmi: input should be a valid integer"),
        ("dim=", "parameter dim= of ppmi: input should be a valid integer"),
        ("dim=1.5", "parameter dim=1.5 of ppmi: input should be a valid integer"),
        ("dim=true", "parameter dim=true of ppmi: input should be a valid integer"),
        ("rate=0", "parameter rate=0 of ppmi: input should be greater than 0 (it is Annotated[float, Gt(0), Le(1)])"),
        ("rate=2", "input should be less than or equal to 1"),
        ("rate=nan", "parameter rate=nan of ppmi: input should be"),
        ("kernel=sin", "parameter kernel=sin of ppmi: input should be 'relu' or 'exp'"),
        ("m=32", "parameter m=32 of ppmi: input should be 16 or 64"),
        ("cap=0", "parameter cap=0 of ppmi: input should be greater than or equal to 1"),
        ("sub=maybe", "parameter sub=maybe of ppmi: input should be a valid boolean"),
        ("net=x", "parameter net=x of ppmi: a parameter of type nn.Module cannot be set from outside"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        list(expand(PPMI, text))
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_a_number_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a number must be finite"):
        Parameter("float", 1.0).parse(text)


EVIL = """
class Mine(Embedder):
    name = "mine"
    size: {annotation} = 3
    search_space = {{"size": [3, 4]}}
"""


@pytest.mark.parametrize(
    "annotation",
    [
        "print('executed')",
        "'Literal[print(\\'executed\\')]'",
        "Literal[print('executed')]",
        "Annotated[int, Gt(print('executed'))]",
        "Annotated[int, print('executed')]",
        "int | print('executed')",
        "int.__class__.__base__.__subclasses__()",
        "9**9**9",
        "'9**9**9'",
        "'" + "(" * 5000 + ")" * 5000 + "'",
        "' | '.join(['int'] * 5)",
        " | ".join(["int"] * 5000),
    ],
    ids=lambda annotation: annotation[:40],
)
def test_an_annotation_is_read_and_never_evaluated(
    house: Path, capsys: pytest.CaptureFixture[str], annotation: str
) -> None:
    with pytest.raises(UserError):
        _header(house, EVIL.format(annotation=annotation))
    assert "executed" not in capsys.readouterr().out


def test_classes_that_are_their_own_bases_over_two_files_are_an_error(house: Path) -> None:
    folder = house.parent / "plugins"
    _write(folder / "one.py", "from two import Two\nclass One(Two):\n    name = 'one'\n")
    _write(folder / "two.py", "from one import One\nclass Two(One):\n    name = 'two'\n")
    with pytest.raises(UserError, match="is among its own bases"):
        headers_in(house, folder / "one.py", folder)


@pytest.mark.parametrize(
    "content", [b"x = 1\0", b"# -*- coding: nothing -*-", b"x = '\xff'", b"(" * 9999, b"x = " + b"9" * 9999]
)
def test_a_file_that_python_cannot_read_is_an_error_with_its_path(house: Path, content: bytes) -> None:
    path = house.parent / "plugins" / "plug.py"
    _write(path).write_bytes(content)
    with pytest.raises(UserError, match=r"plug\.py"):
        headers_in(house, path, path.parent)
