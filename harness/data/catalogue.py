"""The catalogue: what each data set is, where it is published, and the digests of its files and of its content."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from harness.core.errors import UserError

_Sha256 = Field(pattern=r"^[0-9a-f]{64}$")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Form(_Entry):
    """One packing of a data set: the files that hold all of it, and where they are published.

    `files` maps each path to the SHA-256 of the file. It is empty for files whose bytes may change while the content
    stays the same, such as archives that are made on demand; then only the content digest is checked. Paths are
    relative to the data set's own folder, in the data folder and in a mirror, and to the public `address`. A form
    without an address is found only in mirrors. `size` is the number of bytes of all files together, approximate where
    they may change.
    """

    address: str = ""
    size: int = Field(gt=0)
    files: Mapping[str, str] = Field(min_length=1)


class DataSet(_Entry):
    """A data set.

    `content` is its content digest, which enters the keys of runs. `reader` is the module of `harness.data.sets` that
    reads it. `forms` are its packings in the order in which they are looked for. A data set without forms is `bundled`
    with a package.
    """

    name: str
    title: str
    version: str
    licence: str
    citation: str
    homepage: str
    content: str = _Sha256
    reader: str
    bundled: str = ""
    forms: tuple[Form, ...] = ()

    @property
    def public(self) -> Form | None:
        """The form with a public address; None if there is none."""
        return next((form for form in self.forms if form.address), None)

    @property
    def size(self) -> int:
        """The bytes of a download; 0 for a bundled data set."""
        forms = (self.public, *self.forms)
        return next((form.size for form in forms if form), 0)


@cache
def catalogue() -> Mapping[str, DataSet]:
    """All data sets by name."""
    text = files("harness.data").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: DataSet(name=name, **entry) for name, entry in tomllib.loads(text).items()})


def find(name: str) -> DataSet:
    """The data set of that name. Raises `UserError` with the nearest name if there is none."""
    known = catalogue()
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(sorted(known))}"
        raise UserError(f"no data set is called '{name}'; {hint}")
    return known[name]


def amount(size: int) -> str:
    """A number of bytes in decimal units, as people read it: `2.9 MB`."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"
