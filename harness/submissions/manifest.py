"""`bundle.json`, in which a bundle says what it is and which files it consists of."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints, ValidationError
from pydantic_core import from_json

from harness.core.errors import UserError
from harness.core.spec import NAME
from harness.core.strict import Strict, first_fault
from harness.records.record import Environment

MANIFEST = "bundle.json"
FORM = 1
"""Version of the form of bundles."""

_Name = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]
_Text = Annotated[str, StringConstraints(max_length=4000)]


class Member(Strict):
    """A file of a bundle: its size in bytes and its SHA-256."""

    size: int = Field(ge=0)
    digest: str


class TrainedOn(Strict):
    """What an entrant was trained on: the names of the `data` that its runs were given; the `files` that come with its
    code; `unlisted` files that its runs also opened, which are not in the bundle; and what its submitter says, ""
    where nothing is said."""

    data: tuple[str, ...]
    files: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    said: _Text = ""

    @property
    def text(self) -> str:
        """The statement in words."""
        parts = [f"data of the task: {', '.join(self.data)}"]
        parts += [f"files with its code: {', '.join(self.files)}"] if self.files else []
        parts += [f"other files that its runs opened: {', '.join(self.unlisted)}"] if self.unlisted else []
        return "; ".join([*parts, f"the submitter says: {self.said or 'nothing'}"])


class Manifest(Strict):
    """What a bundle says of itself.

    It holds the records of one `entrant` of a `task`, which the file `source` defines (relative to the folder of
    sources). `harness` is the version of the harness that made the bundle, `environments` are those of its records,
    each once; `members` has all its files but this one.
    """

    form: int
    harness: str
    task: _Name
    entrant: _Name
    source: str
    trained_on: TrainedOn
    environments: tuple[Environment, ...]
    members: Mapping[str, Member]

    def to_bytes(self) -> bytes:
        """The bytes of the file."""
        return f"{self.model_dump_json(indent=1)}\n".encode()


class Signed(NamedTuple):
    """A manifest and the digest of its bytes, which covers all of the bundle."""

    manifest: Manifest
    digest: str


def read_manifest(data: bytes, where: str) -> Signed:
    """The manifest in the bytes of a file. Another form, and what is no manifest, is a `UserError`."""
    form = _form(data)
    if form is not None and form != FORM:
        when = "an earlier" if form < FORM else "a later"
        raise UserError(f"{where} was made by {when} version of the harness (form {form}, here {FORM}); make it again")
    try:
        return Signed(Manifest.model_validate_json(data), sha256(data))
    except ValidationError as error:
        raise UserError(f"{where}: {MANIFEST}: {first_fault(error, 'content')}; make the bundle again") from error


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hex digits."""
    return hashlib.sha256(data).hexdigest()


def _form(data: bytes) -> int | None:
    """The form that a manifest of any version says it has; None where it says none."""
    try:
        content: Any = from_json(data)
        form = content["form"]
    except (ValueError, KeyError, TypeError):
        return None
    return form if isinstance(form, int) else None
