"""Finding tasks: folders with a card, in the packages that the entry-point group `harness.tasks` names."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.card import Card, read_card
from harness.core.errors import UserError
from harness.core.spec import NAME
from harness.core.suggest import unknown
from harness.data.catalogue import catalogue
from harness.registry.packages import entry_points_of, package_folder

GROUP = "harness.tasks"
CARD = "task.toml"
PROTOCOL = "task.py"


@dataclass(frozen=True)
class TaskHome:
    """Where a task lives: the folder that holds its card, and the name under which that folder is imported."""

    folder: Path
    package: str

    @property
    def root(self) -> Path:
        """The folder of the top-level package that the task is in."""
        return (self.folder, *self.folder.parents)[self.package.count(".")]


@dataclass
class Tasks:
    """What the entry points lead to. A task whose card has a fault has a home, but no card; `problems` says why."""

    cards: dict[str, Card] = field(default_factory=dict)
    homes: dict[str, TaskHome] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def find_tasks() -> Tasks:
    """The tasks of all installed packages. Nothing is imported; what is wrong is named, and the others are found."""
    tasks = Tasks()
    for point in entry_points_of(GROUP):
        folder = package_folder(point.value)
        if folder is None:
            tasks.problems.append(
                f"entry point '{point.name}' of {GROUP} leads nowhere: there is no package '{point.value}'; "
                "reinstall what brings it"
            )
            continue
        homes = list(_homes(folder, point.value))
        if not homes:
            tasks.problems.append(
                f"entry point '{point.name}' of {GROUP}: there is no {CARD} in {folder} or in a folder of it"
            )
        for home in homes:
            try:
                _add(tasks, home)
            except UserError as error:
                tasks.problems.append(str(error))
    return tasks


def _homes(folder: Path, package: str) -> Iterator[TaskHome]:
    """The task folders of a package: itself, and the folders directly in it."""
    for inner in (folder, *sorted(path for path in folder.iterdir() if path.is_dir())):
        if any((inner / name).is_file() for name in (CARD, PROTOCOL)):
            yield TaskHome(inner, package if inner == folder else f"{package}.{inner.name}")


def _add(tasks: Tasks, home: TaskHome) -> None:
    name = home.folder.name
    for file in (CARD, PROTOCOL):
        if not (home.folder / file).is_file():
            raise UserError(f"{home.folder}: a task folder needs a {CARD} and a {PROTOCOL}; there is no {file}")
    if not NAME.fullmatch(name):
        raise UserError(f"{home.folder}: a task is called as its folder, but '{name}' does not match {NAME.pattern}")
    other = tasks.homes.setdefault(name, home)
    if other != home:
        raise UserError(f"{home.folder / CARD}: the name '{name}' is taken by {other.folder / CARD}; rename the folder")
    tasks.cards[name] = _checked(home)


def _checked(home: TaskHome) -> Card:
    """The card of a task that can be tested, and whose data exists."""
    path = home.folder / CARD
    card = read_card(path)
    if "smoke" not in card.tiers:
        raise UserError(f"{path}: tiers: there is no tier 'smoke', at which entrants are tested")
    for case in card.cases:
        for name in case.data:
            if name not in catalogue():
                raise UserError(f"{path}: case '{case.id}': {unknown('data set', name, catalogue())}")
        for name in case.bundled:
            if not (home.folder / name).is_file():
                raise UserError(f"{path}: case '{case.id}': bundled names {name}, which is not beside the card")
    return card
