"""Entrant headers: what a class says of itself in its source, read without importing it."""

import ast
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import annotated_types
from pydantic import TypeAdapter, ValidationError

from harness.errors import UserError
from harness.spec import NAME, Value

HARNESS = Path(__file__).resolve().parent
_TYPES: dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "None": None,
    "Literal": Literal,
    "Annotated": Annotated,
    **{name: getattr(annotated_types, name) for name in ("Gt", "Ge", "Lt", "Le", "MultipleOf")},
}


@dataclass(frozen=True)
class Parameter:
    """An annotated field: its annotation as written and its default value, `...` if it has none."""

    annotation: str
    default: Any = ...

    def parse(self, text: str) -> Value:
        """The value that `text` stands for. Raises `ValueError` with what is allowed."""
        try:
            kind = eval(self.annotation, {"__builtins__": {}}, _TYPES)
            value: Value = TypeAdapter(kind).validate_strings(text)
        except ValidationError as error:
            raise ValueError(f"{error.errors()[0]['msg'].lower()} (it is {self.annotation})") from error
        except (NameError, SyntaxError, TypeError, AttributeError) as error:
            raise ValueError(f"a parameter of type {self.annotation} cannot be set from outside") from error
        return value


@dataclass(frozen=True)
class Header:
    """What is known of an entrant before it is imported.

    `root` is the folder that bounds its closure; `chain` are the source classes from its own to the task's system,
    as (file, class); `component` is the task-owned class that it fills in, or "" for a whole system.
    """

    name: str
    title: str
    task: str
    kind: Literal["method", "baseline", "ablation", "plugin"]
    component: str
    class_name: str
    path: Path
    root: Path
    module: str
    line: int
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    from_tier: str = "smoke"
    deterministic: bool = True

    @property
    def place(self) -> str:
        """File and line, as an editor opens it."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Module:
    """The top level of a source file: its classes, and where its imported names come from."""

    path: Path
    classes: Mapping[str, ast.ClassDef]
    imports: Mapping[str, tuple[int, str, str]]
    """Local name -> (level, module, name) of `from module import name`."""


def read_headers(path: Path, root: Path) -> Iterator[Header]:
    """The entrants that a file defines, `root` bounding their closure.

    A syntax error is a `UserError` with its line.
    """
    module = _module(path, path.stat().st_mtime_ns)
    for definition in module.classes.values():
        name = _literal(definition, "name")
        if name is None:
            continue
        chain = list(_chain(module, definition, root))
        task = _task_of(chain)
        if task is None:
            continue
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise UserError(f"{path}:{definition.lineno}: name {name!r} must match {NAME.pattern}")
        yield _header(name, task, path, root, chain)


def _header(name: str, task: str, path: Path, root: Path, chain: list[tuple[Path, ast.ClassDef]]) -> Header:
    definition = chain[0][1]
    owned = [entry.name for file, entry in chain if HARNESS / "tasks" in file.parents]
    files = _inherited(chain, "files") or ()
    return Header(
        name=name,
        title=(ast.get_docstring(definition) or "").split("\n", 1)[0],
        task=task,
        kind=_kind(path, root),
        component=owned[0] if len(owned) > 1 else "",
        class_name=definition.name,
        path=path,
        root=root,
        module=module_name(path, root),
        line=definition.lineno,
        parameters=_parameters(chain),
        capabilities=_capabilities(chain),
        files=tuple(files),
        from_tier=_inherited(chain, "from_tier") or "smoke",
        deterministic=_inherited(chain, "deterministic") is not False,
    )


def module_name(path: Path, root: Path) -> str:
    """The name under which a file is imported: dotted within a package, its stem if it stands alone in a folder."""
    relative = path.relative_to(root.parent if (root / "__init__.py").exists() else root).with_suffix("")
    return ".".join(relative.parts)


def _kind(path: Path, root: Path) -> Literal["method", "baseline", "ablation", "plugin"]:
    if root == HARNESS.parent / "methods":
        return "ablation" if path.stem == "ablations" else "method"
    return "baseline" if root == HARNESS.parent / "baselines" else "plugin"


@cache
def _module(path: Path, modified: int) -> Module:
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno}: {error.msg}") from error
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    imports = {
        alias.asname or alias.name: (node.level, node.module or "", alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return Module(path, classes, imports)


def _chain(module: Module, definition: ast.ClassDef, root: Path) -> Iterator[tuple[Path, ast.ClassDef]]:
    """The class and its first bases, as far as their source is found below `root` or the harness."""
    yield module.path, definition
    for base in definition.bases:
        target = base.value if isinstance(base, ast.Subscript) else base
        found = _find(module, target.id, root) if isinstance(target, ast.Name) else None
        if found is not None:
            yield from _chain(*found, root)
            return


def _find(module: Module, name: str, root: Path) -> tuple[Module, ast.ClassDef] | None:
    if name in module.classes:
        return module, module.classes[name]
    if name not in module.imports:
        return None
    level, dotted, original = module.imports[name]
    path = _file_of(level, dotted, module.path, root)
    return None if path is None else _find(_module(path, path.stat().st_mtime_ns), original, root)


def _file_of(level: int, dotted: str, importer: Path, root: Path) -> Path | None:
    parts = dotted.split(".") if dotted else []
    if level:
        base = importer.parents[level - 1]
    elif parts[0] == HARNESS.name:
        base, parts = HARNESS, parts[1:]
    elif (root / "__init__.py").exists() and parts[0] == root.name:
        base, parts = root, parts[1:]
    else:
        base = root
    target = base.joinpath(*parts)
    candidates = (target.with_name(f"{target.name}.py"), target / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _task_of(chain: list[tuple[Path, ast.ClassDef]]) -> str | None:
    tasks = HARNESS / "tasks"
    return next((file.relative_to(tasks).parts[0] for file, _ in chain if tasks in file.parents), None)


def _parameters(chain: list[tuple[Path, ast.ClassDef]]) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for _, definition in reversed(chain):
        for statement in definition.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                annotation = ast.unparse(statement.annotation)
                if not annotation.startswith(("ClassVar", "typing.ClassVar")):
                    found[statement.target.id] = Parameter(annotation, _value(statement.value))
    return found


def _capabilities(chain: list[tuple[Path, ast.ClassDef]]) -> frozenset[str]:
    stubs: set[str] = set()
    answered: set[str] = set()
    for _, definition in reversed(chain):
        for entry in definition.body:
            if isinstance(entry, ast.FunctionDef):
                is_stub = any(isinstance(mark, ast.Name) and mark.id == "capability" for mark in entry.decorator_list)
                (stubs if is_stub else answered).add(entry.name)
    return frozenset(stubs & answered)


def _literal(definition: ast.ClassDef, name: str) -> Any:
    """The value that a class body gives a plain attribute, or None."""
    for statement in definition.body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = _value(statement.value)
            return None if value is ... else value
    return None


def _inherited(chain: list[tuple[Path, ast.ClassDef]], name: str) -> Any:
    found = (_literal(definition, name) for _, definition in chain)
    return next((value for value in found if value is not None), None)


def _value(node: ast.expr | None) -> Any:
    if node is None:
        return ...
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def expand(header: Header, text: str) -> Iterator[dict[str, Value]]:
    """The parameter settings in the brackets of `name[par=v1,v2,other=v3]`: every combination of the values."""
    values: dict[str, list[Value]] = {}
    current = ""
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        before, equals, after = piece.partition("=")
        current, part = (before.strip(), after.strip()) if equals else (current, piece)
        if not current:
            raise UserError(
                f"'{header.name}[{text}]': write parameters as name=value, for example '{header.name}[dim=50]'"
            )
        values.setdefault(current, []).append(parse_parameter(header, current, part))
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def parse_parameter(header: Header, name: str, text: str) -> Value:
    """A parameter's value from text. A wrong name, type or range is a `UserError` that says what is allowed."""
    from harness.suggest import unknown

    if name not in header.parameters:
        raise unknown(f"parameter of {header.name}", name, header.parameters)
    try:
        return header.parameters[name].parse(text)
    except ValueError as error:
        raise UserError(f"parameter {name}={text} of {header.name}: {error}") from error
