"""What the frames leave out of records and the report shows: parameters, settings, artefacts and whole curves."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from harness.records.record import Record, Stored, stored


class Detail(NamedTuple):
    """Of one record: all its parameters and settings (defaults included), the digests of its artefacts by their
    recipe's identity, its curve, point by point, and the digests of the files that it kept, by name."""

    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]
    artefacts: Mapping[str, str]
    curve: tuple[Mapping[str, float], ...]
    kept: Mapping[str, str]


Details: TypeAlias = Mapping[str, Detail]
"""The detail of each record by its path, as `Frames.runs` has it."""


def details_of(records: Iterable[Record | Stored]) -> Details:
    """The details of records."""
    found = {}
    for record in records:
        spec, content = stored(record) if isinstance(record, Record) else record
        found[spec.place] = Detail(
            parameters=content["parameters"],
            settings=content["settings"],
            artefacts=content["artefacts"],
            curve=tuple(content["curve"]),
            # Records from before files were digested kept none.
            kept=content.get("kept", {}),
        )
    return found
