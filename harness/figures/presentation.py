"""`figures.toml`: how a task's results are shown. Its figures, the slices of wide tables, the settings to name."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from harness.core.errors import UserError
from harness.core.suggest import unknown
from harness.figures.declared import Curves, DeclaredFigure, Dots, Film, Heat, Lines, Profile
from harness.tables.options import TableOptions

FILE = "figures.toml"


class Presentation(TableOptions):
    """All that `figures.toml` says: of tables, and the figures."""

    figure: tuple[Annotated[DeclaredFigure, Field(discriminator="kind")], ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "Presentation":
        ids = [figure.id for figure in self.figure]
        if twice := next((name for i, name in enumerate(ids) if name in ids[:i]), ""):
            raise ValueError(f"two figures have the id '{twice}'")
        return self


def read_presentation(path: Path) -> Presentation:
    """The presentation in `figures.toml`; the empty one if there is no such file. A fault is a `UserError`: one line
    with the file, the figure and the field."""
    if not path.is_file():
        return Presentation()
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        return Presentation.model_validate(written)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    except ValidationError as error:
        raise UserError(f"{path}: {_in_words(error, written)}") from error


_KINDS: Mapping[str, type[BaseModel]] = {
    "lines": Lines,
    "curves": Curves,
    "dots": Dots,
    "profile": Profile,
    "heat": Heat,
    "film": Film,
}


def _in_words(error: ValidationError, written: Mapping[str, Any]) -> str:
    """The first fault: where it is, in the file's own names, and what it is."""
    first = error.errors()[0]
    place, kind = [str(step) for step in first["loc"]], ""
    if len(place) > 1 and place[0] == "figure":
        entry = written["figure"][int(place[1])]
        kind = str(entry.get("kind", ""))
        # Within an entry, the kind that it was read as comes first.
        place = [f"figure '{entry.get('id', int(place[1]) + 1)}'", *place[2 + (place[2:3] == [kind]) :]]
    if first["type"] == "extra_forbidden":
        *place, field = place
        model = _KINDS.get(kind, Presentation)
        return ": ".join([*place, str(unknown("field", field, model.model_fields))])
    return ": ".join([*place, first["msg"].removeprefix("Value error, ")])
