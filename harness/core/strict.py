"""Reading files that people edit: TOML, and `Strict` models, for which an unknown field is an error."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.core.errors import UserError


class Strict(BaseModel):
    """A frozen model that refuses fields which it does not have."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. A file that cannot be read is a `UserError` with its path."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"{path}: {error}") from error


def first_fault(error: ValidationError, whole: str) -> str:
    """The first validation error as `place: message`; the place is `whole` where the error is not about one field."""
    fault = error.errors()[0]
    return f"{'.'.join(map(str, fault['loc'])) or whole}: {fault['msg'].removeprefix('Value error, ')}"
