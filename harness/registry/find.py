"""The registry of tasks and entrants, which are found by reading source, never by importing it."""

import importlib
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from harness.core.card import Card
from harness.core.closure import Closure, closure, top_level_folder
from harness.core.entrant import Entrant
from harness.core.errors import UserError
from harness.core.predictions import PredictionFormat
from harness.core.suggest import check_known
from harness.core.task import Task
from harness.registry.headers import HARNESS, Header, read_headers, unknown_base
from harness.registry.tasks import CARD, PREDICTIONS, PROTOCOL, TaskHome, read_task

OWN = ("harness", "methods", "baselines")
"""The top-level packages of this distribution."""


@dataclass
class Registry:
    """All tasks and entrants that were found."""

    tasks: dict[str, Card] = field(default_factory=dict)
    """The cards by task."""
    entrants: dict[tuple[str, str], Header] = field(default_factory=dict)
    """The headers by task and entrant."""
    problems: list[str] = field(default_factory=list)
    """What could not be read, in words."""
    homes: dict[str, TaskHome] = field(default_factory=dict)
    """Where the tasks live; also those whose card could not be read."""
    _closures: dict[tuple[Path, str], Closure] = field(default_factory=dict, init=False, repr=False)

    def card(self, task: str) -> Card:
        """A task's card; an unknown name is a `UserError` with the nearest ones."""
        check_known("task", [task], self.tasks)
        return self.tasks[task]

    def of_task(self, task: str) -> dict[str, Header]:
        """A task's entrants by name."""
        return {name: header for (owner, name), header in sorted(self.entrants.items()) if owner == task}

    def header(self, task: str, entrant: str) -> Header:
        """An entrant's header; an unknown name is a `UserError` with the nearest ones."""
        known = self.of_task(task)
        check_known(f"entrant of {task}", [entrant], known)
        return known[entrant]

    def closure(self, header: Header) -> Closure:
        """The source closure of an entrant. Where entrant and task are in one package, it includes the task's protocol;
        for entrants of other packages, the task's version stands for the source of the task."""
        name = header.path, header.class_name
        if name not in self._closures:
            extra = [header.path.parent / name for name in header.files]
            for path in extra:
                if not path.is_file():
                    raise UserError(f"{header.place}: files names {path}, which is not there")
                if not path.parent.resolve().is_relative_to(header.root.resolve()):
                    raise UserError(f"{header.place}: files names {path}, which is outside {header.root}")
            beside = [header.home.folder / PROTOCOL] if header.home.root == header.root else []
            self._closures[name] = closure(
                [header.path, *beside], header.root, extra, skip=lambda path: self._is_foreign(path, header)
            )
        return self._closures[name]

    def _is_foreign(self, path: Path, header: Header) -> bool:
        """Whether a file below an entrant's root is not part of the entrant. A plug-in may lie beside the harness or a
        task's package, for which the task's version stands; a lone module is installed beside every library."""
        packages = {HARNESS, *(home.root for home in self.homes.values())} - {header.root}
        libraries = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
        return not packages.isdisjoint(path.parents) or (header.root in libraries and path != header.path)


def find(plugins: Iterable[Path] = ()) -> Registry:
    """The registry of the installed packages of tasks and of entrants, and of the given plug-in files.

    Tasks and entrants that cannot be read are named in `problems`, and the others are found. But a fault of one of the
    `plugins`, or that its entrant's name is taken, is a `UserError`.
    """
    registry = Registry()
    for home in _homes(registry.problems):
        try:
            _add_task(registry, home)
        except UserError as error:
            registry.problems.append(str(error))
    for root in _roots(registry.problems):
        files = [root] if root.is_file() else sorted(root.rglob("*.py"))
        for path in filter(Path.is_file, files):
            try:
                _add_entrants(registry, path, root.parent if root.is_file() else root)
            except UserError as error:
                registry.problems.append(str(error))
    registry.problems = list(dict.fromkeys(registry.problems))
    for plugin in plugins:
        path = plugin.resolve()
        if not path.is_file():
            raise UserError(f"plug-in {plugin} is not a file; --plugin takes the path of a Python file")
        root = top_level_folder(path)
        _check_module_name(path, root)
        if not _add_entrants(registry, path, root):
            if wrong := unknown_base(path, registry.homes):
                raise UserError(f"plug-in {wrong}")
            raise UserError(
                f"plug-in {plugin} defines no entrant: a top-level class with a literal `name` "
                "whose base is imported from a task's package, such as harness.tasks.<task>"
            )
    return registry


def _add_task(registry: Registry, home: TaskHome) -> None:
    name = home.folder.name
    other = registry.homes.setdefault(name, home)
    if other != home:
        raise UserError(f"{home.folder / CARD}: the name '{name}' is taken by {other.folder / CARD}; rename the folder")
    registry.tasks[name] = read_task(home)


def _add_entrants(registry: Registry, path: Path, root: Path) -> int:
    """Add the entrants that a file defines, and return how many it defines."""
    count = 0
    for header in read_headers(path, root, registry.homes):
        count += 1
        if header.task not in registry.tasks:
            continue  # `problems` says why the task's card could not be read
        known = [case.id for case in registry.tasks[header.task].cases]
        if wrong := [case for case in header.cases if case not in known]:
            raise UserError(f"{header.place}: cases names '{wrong[0]}'; {header.task} has: {', '.join(known)}")
        other = registry.entrants.setdefault((header.task, header.name), header)
        if other.place != header.place:
            raise UserError(f"{header.place}: the name '{header.name}' is taken in {header.task} by {other.place}")
    return count


def _homes(problems: list[str]) -> Iterator[TaskHome]:
    """The task folders of all packages that the entry points name: those with a card or a protocol, among a package
    and the folders directly in it."""
    for point in _entry_points("harness.tasks"):
        package = _package_folder(point.value)
        if package is None:
            problems.append(_leads_nowhere(point, f"package '{point.value}'"))
            continue
        folders = [package, *sorted(filter(Path.is_dir, package.iterdir()))]
        folders = [folder for folder in folders if (folder / CARD).is_file() or (folder / PROTOCOL).is_file()]
        for folder in folders:
            yield TaskHome(folder, ".".join([point.value, *folder.relative_to(package).parts]))
        if not folders:
            where = f"in {package} or in a folder of it"
            problems.append(f"entry point '{point.name}' of {point.group}: there is no {CARD} {where}")


def _roots(problems: list[str]) -> Iterator[Path]:
    """The folder (or lone file) of every top-level module that the entry points name."""
    roots = set()
    for point in _entry_points("harness.entrants"):
        top = _top_level(point.value)
        source = source_of(top)
        if source is None:
            problems.append(_leads_nowhere(point, f"module or package '{top}'"))
            continue
        root = source.parent if source.name == "__init__.py" else source
        if top in OWN and root != HARNESS.parent / top:
            raise UserError(
                f"'{top}' resolves to {root}, not to this distribution's {HARNESS.parent / top}: "
                f"another package or folder of that name hides it; rename it or run elsewhere"
            )
        if root not in roots:
            roots.add(root)
            yield root


def _entry_points(group: str) -> list[EntryPoint]:
    """The entry points of a group, in order of value, but those of this distribution first: other packages cannot take
    a name from it."""
    return sorted(entry_points(group=group), key=lambda point: (_top_level(point.value) not in OWN, point.value))


def _leads_nowhere(point: EntryPoint, missing: str) -> str:
    """The message that an entry point names something that is missing."""
    return f"entry point '{point.name}' of {point.group} leads nowhere: there is no {missing}; reinstall what brings it"


def _top_level(name: str) -> str:
    """The first part of a dotted name."""
    return name.partition(".")[0]


def source_of(module: str) -> Path | None:
    """The file of a top-level module, for a package its `__init__.py`; None if there is none. Imports nothing."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec is not None and spec.has_location and spec.origin else None


def _package_folder(name: str) -> Path | None:
    """The folder of a package by its dotted name; None if it, or a package that it is in, is not there."""
    top, *inner = name.split(".")
    path = source_of(top)
    for folder in inner:
        if path is None or path.name != "__init__.py":
            return None
        path = path.parent / folder / "__init__.py"
    return path.parent if path is not None and path.name == "__init__.py" and path.is_file() else None


def _check_module_name(path: Path, root: Path) -> None:
    """Raise a `UserError` if importing a plug-in by its name would import something else."""
    in_package = [root.name, *path.relative_to(root).parent.parts] if (root / "__init__.py").exists() else []
    for name in (path.stem, *in_package):
        if not name.isidentifier():
            raise UserError(f"plug-in {path}: '{name}' cannot be imported; use letters, digits and _ in its name")
    source = root / "__init__.py" if (root / "__init__.py").exists() else path
    spec = importlib.util.find_spec(root.name if source is not path else path.stem)
    if spec is not None and spec.origin is not None and Path(spec.origin).resolve() != source:
        raise UserError(f"plug-in {path}: the name '{spec.name}' is taken by {spec.origin}; rename the plug-in")


def load_entrant(header: Header) -> type[Entrant]:
    """Import an entrant's class. For a plug-in, the folder of its top-level module is put on the path."""
    folder = str(header.root.parent if (header.root / "__init__.py").exists() else header.root)
    if header.kind == "plugin" and folder not in sys.path:
        sys.path.insert(0, folder)
    entrant: type[Entrant] = getattr(importlib.import_module(header.module), header.class_name)
    return entrant


def load_task(card: Card, home: TaskHome) -> Task[Entrant]:
    """Import and construct a task: the one subclass of `Task` that its `task.py` defines (else a `UserError`)."""
    task: Task[Entrant] = _only_class(home, PROTOCOL, Task)(card)
    return task


def load_predictions(card: Card, home: TaskHome, settings: Mapping[str, Any]) -> PredictionFormat | None:
    """Import and construct the format of a task's predictions for a case with these settings: the one subclass of
    `PredictionFormat` that its `predictions.py` defines (else a `UserError`). None for a task that takes none."""
    if not (home.folder / PREDICTIONS).is_file():
        return None
    predictions: PredictionFormat = _only_class(home, PREDICTIONS, PredictionFormat)(card.task, settings)
    return predictions


def _only_class(home: TaskHome, file: str, base: type) -> Any:
    """The one subclass of a class that a file of a task's folder defines."""
    module = importlib.import_module(f"{home.package}.{Path(file).stem}")
    owned = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    if len(owned) != 1:
        raise UserError(f"{home.folder / file} must define one subclass of {base.__name__}, but defines {len(owned)}")
    return owned[0]
