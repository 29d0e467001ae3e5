"""Task folders: where a task lives, and its card, read without importing anything."""

from dataclasses import dataclass
from pathlib import Path

from harness.core.card import Card, read_card
from harness.core.errors import UserError
from harness.core.spec import NAME
from harness.core.suggest import unknown
from harness.data.catalogue import catalogue

CARD = "task.toml"
PROTOCOL = "task.py"
PREDICTIONS = "predictions.py"


@dataclass(frozen=True)
class TaskHome:
    """Where a task lives: the folder that holds its card, and the name under which that folder is imported."""

    folder: Path
    package: str

    @property
    def root(self) -> Path:
        """The folder of the top-level package that the task is in."""
        return (self.folder, *self.folder.parents)[self.package.count(".")]


def read_task(home: TaskHome) -> Card:
    """The card of a task. A fault of the card, a missing smoke tier, and missing data or files are a `UserError`."""
    path = home.folder / CARD
    for file in (CARD, PROTOCOL):
        if not (home.folder / file).is_file():
            raise UserError(f"{home.folder}: a task folder needs a {CARD} and a {PROTOCOL}; there is no {file}")
    if not NAME.fullmatch(name := home.folder.name):
        raise UserError(f"{home.folder}: a task is called as its folder, but '{name}' does not match {NAME.pattern}")
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
