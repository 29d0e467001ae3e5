"""Entrant headers: what a class says of itself in its source, read without importing it."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from harness.core.card import Resolved
from harness.core.closure import imported_from, source_file
from harness.core.entrant import EntrantKind
from harness.core.errors import UserError
from harness.core.spec import TIERS
from harness.registry.attributes import (
    Source,
    has_name,
    read_flag,
    read_name,
    read_names,
    read_parameters,
    read_search_space,
    read_tier,
)
from harness.registry.parameters import Parameter
from harness.registry.search import Space
from harness.registry.tasks import TaskHome

HARNESS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Header:
    """What is known of an entrant before it is imported.

    `home` is where its task lives; `root` is the folder that bounds its closure; `component` is the task-owned class
    that it fills in, or "" for a whole system.
    """

    name: str
    title: str
    task: str
    home: TaskHome
    kind: EntrantKind
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
    cases: tuple[str, ...] = ()
    deterministic: bool = True
    search_space: Space = field(default_factory=lambda: Space({}))

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


class _Reach(NamedTuple):
    """Where bases are looked for: below the entrant's own `root`, and in the `packages` of the harness and of tasks."""

    root: Path
    packages: tuple[Path, ...]


def read_headers(path: Path, root: Path, homes: Mapping[str, TaskHome]) -> Iterator[Header]:
    """The entrants that a file defines, `root` bounding their closure. An entrant is of the task, among those that live
    in `homes`, in whose folder the file of a class lies that it descends from.

    A syntax error, and a name, a parameter or an attribute that cannot be read, is a `UserError` with its line.
    """
    module = _module(path, path.stat().st_mtime_ns)
    reach = _Reach(root, (HARNESS, *dict.fromkeys(home.root for home in homes.values())))
    for definition in module.classes.values():
        if not has_name(definition):
            continue
        chain = _chain(module, definition, reach)
        lineage = [source for source in chain if _is_entrant(source, reach)]
        # A task's folder may hold entrants, too: what stands in a file with entrants is not the task's.
        in_tasks = [(source, task) for source in lineage if (task := _owner(source, homes))]
        owned = [(source, task) for source, task in in_tasks if not _defines_entrants(source.path, reach)]
        if owned:
            (base, task), *above = owned
            yield Header(
                name=read_name(lineage),
                title=(ast.get_docstring(definition) or "").split("\n", 1)[0],
                task=task,
                home=homes[task],
                kind=_kind(path, root, homes[task]),
                component=base.definition.name if above else "",
                class_name=definition.name,
                path=path,
                root=root,
                module=module_name(path, root),
                line=definition.lineno,
                parameters=read_parameters(lineage),
                capabilities=_capabilities(chain),
                files=read_names(lineage, "files", "('words.txt',)"),
                from_tier=read_tier(lineage),
                cases=read_names(lineage, "cases", "('atlas',)"),
                deterministic=read_flag(lineage, "deterministic"),
                search_space=read_search_space(lineage),
            )


def module_name(path: Path, root: Path) -> str:
    """The name under which a file is imported: dotted within a package, its stem if it stands alone in a folder."""
    relative = path.relative_to(root.parent if (root / "__init__.py").exists() else root).with_suffix("")
    return ".".join(relative.parts)


def _kind(path: Path, root: Path, home: TaskHome) -> EntrantKind:
    """By the names of file and folders where an entrant is in this distribution or in its task's package; all others
    are plug-ins."""
    if root not in (HARNESS.parent / "methods", HARNESS.parent / "baselines", home.root):
        return "plugin"
    if path.stem == "ablations":
        return "ablation"
    return "method" if {"baseline", "baselines"}.isdisjoint(module_name(path, root).split(".")) else "baseline"


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


def _chain(module: Module, definition: ast.ClassDef, reach: _Reach) -> list[Source]:
    """The class and all its bases whose source is within reach, in method resolution order."""
    chain = [Source(module.path, definition)]
    for base in definition.bases:
        target = base.value if isinstance(base, ast.Subscript) else base
        found = _find(module, target.id, reach, definition) if isinstance(target, ast.Name) else None
        if found is not None:
            chain += _chain(*found, reach)
    # A base that is reached twice comes after all that descends from it.
    return list(reversed(dict.fromkeys(reversed(chain))))


def _find(module: Module, name: str, reach: _Reach, below: ast.ClassDef) -> tuple[Module, ast.ClassDef] | None:
    """The class of that name as a module sees it before `below`, one of its own classes, is defined."""
    own = module.classes.get(name)
    found = own if own is not None and own.lineno < below.lineno else None
    seen = set()
    while found is None:
        path = _file_of(*module.imports[name][:2], module.path, reach) if name in module.imports else None
        if path is None or (module.path, name) in seen:
            return None
        seen.add((module.path, name))
        module, name = _module(path, path.stat().st_mtime_ns), module.imports[name][2]
        found = module.classes.get(name)
    return module, found


def _file_of(level: int, dotted: str, importer: Path, reach: _Reach) -> Path | None:
    inside = next((folder for folder in reach.packages if folder in _folders(importer)), reach.root)
    named = next((folder for folder in reach.packages if folder.name == dotted.partition(".")[0]), inside)
    root = inside if level else named
    place = imported_from(level, dotted, importer, root)
    return source_file(place) if place is not None and place.is_relative_to(root) else None


@cache
def _folders(path: Path) -> frozenset[Path]:
    """All folders that a file is in."""
    return frozenset(path.parents)


def _owner(source: Source, homes: Mapping[str, TaskHome]) -> str:
    """The task whose folder the class is in, the innermost where a task's folder is in that of another; or ""."""
    owners = [task for task, home in homes.items() if home.folder in _folders(source.path)]
    return max(owners, key=lambda task: len(homes[task].folder.parts), default="")


def _defines_entrants(path: Path, reach: _Reach) -> bool:
    classes = _module(path, path.stat().st_mtime_ns).classes.values()
    return any(has_name(definition) and _is_entrant(Source(path, definition), reach) for definition in classes)


def _is_entrant(source: Source, reach: _Reach) -> bool:
    base = HARNESS / "core" / "entrant.py"
    module = _module(source.path, source.path.stat().st_mtime_ns)
    return any(above.path == base for above in _chain(module, source.definition, reach))


def _capabilities(chain: Sequence[Source]) -> frozenset[str]:
    """The marked queries whose first definition in method resolution order is not the mark itself."""
    is_stub: dict[str, list[bool]] = {}
    for source in chain:
        for entry in source.definition.body:
            if isinstance(entry, ast.FunctionDef):
                marked = any(isinstance(mark, ast.Name) and mark.id == "capability" for mark in entry.decorator_list)
                is_stub.setdefault(entry.name, []).append(marked)
    return frozenset(name for name, marks in is_stub.items() if any(marks) and not marks[0])


def inapplicable(header: Header, resolved: Resolved) -> str:
    """Why an entrant takes no part in a case at a tier; "" if it does."""
    tier = resolved.tier
    if header.cases and resolved.case.id not in header.cases:
        return f"takes part only in {' and '.join(header.cases)}"
    if tier != "smoke" and TIERS.index(tier) < TIERS.index(header.from_tier):
        return f"takes part from tier {header.from_tier}"
    needs = resolved.case.needs
    return f"does not have '{needs}'" if needs and needs not in header.capabilities else ""
