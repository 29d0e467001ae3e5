"""Filings: which records of a store were not made for it but merged into it, and how many of them were run again."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from harness.core.errors import UserError
from harness.core.strict import Strict, first_fault
from harness.records.store import Store

FOLDER = "submissions"
"""The folder of filings and of merged bundles, beside that of the records."""


class Filing(Strict):
    """What is known of records that were merged from one source: a bundle or another store.

    `records` has the SHA-256 of each record's own file by its place; `verified` are the places of those that were run
    again with the same scores, drawn by `nonce`; `trained_on` is what the submitter says about data.
    """

    source: str
    digest: str
    records: Mapping[str, str]
    verified: tuple[str, ...] = ()
    nonce: str = ""
    trained_on: str = ""

    @property
    def mark(self) -> str:
        """What tables say of the records: `verified 3 of 20`, or `self-reported`."""
        return f"verified {len(self.verified)} of {len(self.records)}" if self.verified else "self-reported"


class Submitted(NamedTuple):
    """A record that was merged into a store: the mark of its filing, and whether the record itself was run again."""

    mark: str
    verified: bool


def filings(store: Store) -> dict[str, Filing]:
    """The filings of a store by the name of their file. One that cannot be read is a `UserError`."""
    found = {}
    for path in sorted((store.root / FOLDER).glob("*.json")):
        try:
            found[path.name] = Filing.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            fault = first_fault(error, "content") if isinstance(error, ValidationError) else error.strerror
            raise UserError(f"{path}: {fault}; restore it, or merge its source again") from error
    return found


def submitted(store: Store) -> dict[str, Submitted]:
    """The merged records of a store by place. A record that was replaced since, by a run here, is not among them."""
    marks = {}
    for filing in filings(store).values():
        for place, digest in filing.records.items():
            if record_digest(store.path(place)) == digest:
                marks[place] = Submitted(filing.mark, place in filing.verified)
    return marks


def mark_of(places: Iterable[str], marks: Mapping[str, Submitted]) -> str:
    """What to say of a row that is made of the records at some places; "" if all of them were made here."""
    of_places = [marks.get(place) for place in places]
    said = sorted({found.mark for found in of_places if found})
    part = "in part " if said and None in of_places else ""
    return f"{part}{'; '.join(said)}"


def record_digest(path: Path) -> str:
    """The SHA-256 of a record's own file; "" if there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
