"""Entrant headers: what is read of an entrant's class in its source, without importing it."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from harness.core.card import Resolved
from harness.core.closure import imported_from, parse, source_file
from harness.core.entrant import EntrantKind
from harness.core.spec import TIERS
from harness.registry.attributes import Class, read_attribute, read_parameters, read_search_space
from harness.registry.parameters import Parameter
from harness.registry.search import Space
from harness.registry.tasks import TaskHome

HARNESS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Header:
    """What is known of an entrant before it is imported.

    `home` is where its task lives; `root` is the folder that bounds its closure; `component` is the class of the task
    that it fills in, "" if it is a whole system; `title` is the first line of its docstring.
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

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The class defaults of the parameters."""
        return {name: parameter.default for name, parameter in self.parameters.items()}


def inapplicable(header: Header, resolved: Resolved) -> str:
    """Why an entrant takes no part in a case at a tier; "" if it does."""
    tier = resolved.tier
    if header.cases and resolved.case.id not in header.cases:
        return f"takes part only in {' and '.join(header.cases)}"
    if tier != "smoke" and TIERS.index(tier) < TIERS.index(header.from_tier):
        return f"takes part from tier {header.from_tier}"
    needs = resolved.case.needs
    return f"does not have '{needs}'" if needs and needs not in header.capabilities else ""


def module_name(path: Path, root: Path) -> str:
    """The name under which a file is imported: dotted within a package, its stem if it stands alone in a folder."""
    relative = path.relative_to(root.parent if (root / "__init__.py").exists() else root).with_suffix("")
    return ".".join(relative.parts)


def read_headers(path: Path, root: Path, homes: Mapping[str, TaskHome]) -> Iterator[Header]:
    """The entrants that a file defines, `root` being the folder that bounds their closure. An entrant belongs to the
    task, among those in `homes`, whose folder holds a class that it descends from.

    A syntax error, and a name, a parameter or an attribute that cannot be read, is a `UserError` with its line.
    """
    reader = _Reader(root, homes)
    for definition in _read_module(path).classes.values():
        source = Class(path, definition)
        if source.assigned("name") is None:
            continue  # an abstract class
        chain = reader.chain(source)
        lineage = [above for above in chain if reader.is_entrant(above)]
        owned = [(above, task) for above in lineage if (task := reader.task_of(above))]
        if owned:
            (base, task), *further = owned
            yield Header(
                name=read_attribute(lineage[:1], "name"),
                title=(ast.get_docstring(definition) or "").split("\n", 1)[0],
                task=task,
                home=homes[task],
                kind=_kind(path, root, homes[task]),
                component=base.definition.name if further else "",
                class_name=definition.name,
                path=path,
                root=root,
                module=module_name(path, root),
                line=definition.lineno,
                parameters=read_parameters(lineage),
                capabilities=_capabilities(chain),
                files=read_attribute(lineage, "files", ()),
                from_tier=read_attribute(lineage, "from_tier", TIERS[0]),
                cases=read_attribute(lineage, "cases", ()),
                deterministic=read_attribute(lineage, "deterministic", True),
                search_space=read_search_space(lineage),
            )


def _kind(path: Path, root: Path, home: TaskHome) -> EntrantKind:
    """The kind of an entrant: by the names of file and folders, if it is in this distribution or in its task's package;
    all others are plug-ins."""
    if root not in (HARNESS.parent / "methods", HARNESS.parent / "baselines", home.root):
        return "plugin"
    if path.stem == "ablations":
        return "ablation"
    return "method" if {"baseline", "baselines"}.isdisjoint(module_name(path, root).split(".")) else "baseline"


def _capabilities(chain: Sequence[Class]) -> frozenset[str]:
    """The queries that are marked as capabilities, and are defined again below the class that marks them."""
    is_stub: dict[str, list[bool]] = {}
    for source in chain:
        for entry in source.definition.body:
            if isinstance(entry, ast.FunctionDef):
                marked = any(isinstance(mark, ast.Name) and mark.id == "capability" for mark in entry.decorator_list)
                is_stub.setdefault(entry.name, []).append(marked)
    return frozenset(name for name, marks in is_stub.items() if any(marks) and not marks[0])


@dataclass(frozen=True)
class _Module:
    """The top level of a source file: its classes by name; and by local name the level, module and name of each
    `from module import name`."""

    classes: Mapping[str, ast.ClassDef]
    imports: Mapping[str, tuple[int, str, str]]


def _read_module(path: Path) -> _Module:
    return _parsed(path, path.stat().st_mtime_ns)


@cache
def _parsed(path: Path, modified: int) -> _Module:
    """The top level of a file, which is parsed again only if its time of modification has changed."""
    tree = parse(path)
    imports = {
        alias.asname or alias.name: (node.level, node.module or "", alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return _Module({node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}, imports)


@cache
def _folders(path: Path) -> frozenset[Path]:
    """All folders that a file is in."""
    return frozenset(path.parents)


class _Reader:
    """Follows the bases of classes by reading source files: those below the entrant's `root`, and those in the packages
    of the harness and of tasks."""

    def __init__(self, root: Path, homes: Mapping[str, TaskHome]) -> None:
        self._root, self._homes = root, homes
        self._packages = (HARNESS, *dict.fromkeys(home.root for home in homes.values()))

    def chain(self, source: Class) -> list[Class]:
        """The class and all its bases whose source can be read, in method resolution order."""
        chain = [source]
        for base in source.definition.bases:
            name = base.value if isinstance(base, ast.Subscript) else base
            above = self._find(source, name.id) if isinstance(name, ast.Name) else None
            chain += self.chain(above) if above else []
        # A base that is reached twice comes after all classes that descend from it.
        return list(reversed(dict.fromkeys(reversed(chain))))

    def is_entrant(self, source: Class) -> bool:
        """Whether a class descends from `Entrant`."""
        return any(above.path == HARNESS / "core" / "entrant.py" for above in self.chain(source))

    def task_of(self, source: Class) -> str:
        """The task in whose folder a class stands, the innermost if task folders are nested; "" if there is none.

        A task's folder may hold entrants, too: classes in a file with entrants do not belong to the task.
        """
        tasks = [task for task, home in self._homes.items() if home.folder in _folders(source.path)]
        if not tasks:
            return ""
        classes = [Class(source.path, definition) for definition in _read_module(source.path).classes.values()]
        if any(other.assigned("name") is not None and self.is_entrant(other) for other in classes):
            return ""
        return max(tasks, key=lambda task: len(self._homes[task].folder.parts))

    def _find(self, below: Class, name: str) -> Class | None:
        """The class that a name stands for in a module just before `below` is defined there."""
        path, module = below.path, _read_module(below.path)
        definition = module.classes.get(name)
        if definition is not None and definition.lineno < below.definition.lineno:
            return Class(path, definition)
        seen = set()
        while name in module.imports and (path, name) not in seen:
            seen.add((path, name))
            level, dotted, name = module.imports[name]
            source = self._file_of(level, dotted, path)
            if source is None:
                return None
            path, module = source, _read_module(source)
            if name in module.classes:
                return Class(path, module.classes[name])
        return None

    def _file_of(self, level: int, dotted: str, importer: Path) -> Path | None:
        """The file that an import statement leads to, if it is one of those that may be read."""
        inside = next((folder for folder in self._packages if folder in _folders(importer)), self._root)
        named = next((folder for folder in self._packages if folder.name == dotted.partition(".")[0]), inside)
        root = inside if level else named
        place = imported_from(level, dotted, importer, root)
        return source_file(place) if place is not None and place.is_relative_to(root) else None
