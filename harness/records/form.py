"""The form of records on disk: a file of its own for each, which names by digest what it shares with others."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError
from pydantic_core import from_json

from harness.core.spec import Budget, Spec
from harness.core.strict import first_fault
from harness.records.parts import OWN, SHARED
from harness.records.record import SCORED, VERSION, Record, Stored


class CorruptRecord(Exception):
    """The bytes of a record are not what was written."""


class UnusableRecord(Exception):
    """Why a record that may be sound cannot be used as things are: it is of another version, its file cannot be read,
    or what it shares with others is missing."""


class Files(NamedTuple):
    """A record as it is stored: the bytes of its own file, and by digest those of the files that it shares with
    other records."""

    own: bytes
    shared: Mapping[str, bytes]


Shared: TypeAlias = Callable[[str, str], Mapping[str, Any]]
"""Finds what a shared file holds by its kind, one of `SHARED`, and its digest. Raises `UnusableRecord` if the file is
missing or edited, `CorruptRecord` if it does not have the form of its kind."""

_OF_THE_CASE = ("at", "generated", "metrics", "primary", "seed_varies", "settings")
_SPEC_OF_THE_CASE = ("budget", "case", "data", "settings", "task", "tier", "version")
_OF_THE_CHECKOUT = ("commit", "dirty")
_ONE_A_LINE = ("scores", "curve")
_NOTHING: Mapping[str, Any] = {}
_LEFT_OUT: Mapping[str, Any] = {"failure": None, "resumed": 0, "artefacts": _NOTHING, "sidecar": "", "kept": _NOTHING}
"""What a record's own file leaves out where it is empty."""

_HEAD = '{"digest": "'
_MIDDLE = '",\n"record": '
_TAIL = "}\n"


def to_files(record: Record) -> Files:
    """The record's files. Its own is JSON that carries the digest of its body, which names the shared files by theirs:
    any later change of either shows.

    A metric's chance may depend on the drawn data, so it stands in the record's own file. A score leaves out `at` and
    `items` where they are empty, and `n_expected` where it equals `n_used`.
    """
    content = record.model_dump(mode="json")
    case = {name: content.pop(name) for name in _OF_THE_CASE}
    case["spec"] = {name: content["spec"].pop(name) for name in _SPEC_OF_THE_CASE}
    machine, origin, scores, curve = (content.pop(name) for name in ("environment", "origin", *_ONE_A_LINE))
    chances = {name: metric.pop("chance") for name, metric in case["metrics"].items()}
    checkout = {name: machine.pop(name) for name in _OF_THE_CHECKOUT}
    files = [_shared_file(values) for values in (case, machine, origin)]
    own = {
        **_without(_LEFT_OUT, content),
        "shared": {name: shared_digest(data) for name, data in zip(SHARED, files, strict=True)},
        **checkout,
        "chance": {name: chance for name, chance in chances.items() if chance is not None},
        "scores": [_without({"at": {}, "items": "", "n_expected": score["n_used"]}, score) for score in scores],
        "curve": curve,
    }
    lines = ",\n".join(f' "{name}": {_value(value, by_line=name in _ONE_A_LINE)}' for name, value in own.items())
    body = f"{{\n{lines}\n}}".encode()
    head = f"{_HEAD}{hashlib.sha256(body).hexdigest()}{_MIDDLE}".encode()
    return Files(head + body + _TAIL.encode(), {shared_digest(data): data for data in files})


def shared_digest(data: bytes) -> str:
    """The digest that names a shared file: SHA-256 of its bytes, the first 32 hex digits."""
    return hashlib.sha256(data).hexdigest()[:32]


def from_bytes(raw: bytes, shared: Shared) -> Record:
    """The record in the bytes of its own file. Raises `CorruptRecord` if they are truncated, edited or not what the
    types allow, `UnusableRecord` if they are of another version or a shared file is."""
    try:
        return Record.model_validate(_content(raw, shared))
    except ValidationError as error:
        raise CorruptRecord(not_in_form(error)) from error


def stored_from_bytes(raw: bytes, shared: Shared) -> Stored:
    """A stored record as plain values, which is read twice as fast. Raises as `from_bytes` does."""
    content = _content(raw, shared)
    spec = content["spec"]
    return Stored(Spec(**{**spec, "budget": Budget(**spec["budget"])}), content)


def _content(raw: bytes, shared: Shared) -> dict[str, Any]:
    """All of a record as plain values in the form of its parts, what it shares with others included."""
    own = _own(raw)
    names = own.pop("shared")
    case, machine, origin = (shared(kind, names[kind]) for kind in SHARED)
    chances, checkout = own.pop("chance"), {name: own.pop(name) for name in _OF_THE_CHECKOUT}
    for score in own["scores"]:
        if score["metric"] not in case["metrics"]:
            raise CorruptRecord(f"with a score of '{score['metric']}', which is no metric of its card")
        score.setdefault("at", _NOTHING)
        score.setdefault("items", "")
        score.setdefault("n_expected", score["n_used"])
    if own["scores"] and own["status"] not in SCORED:
        raise CorruptRecord(f"with scores, though its run ended as '{own['status']}'")
    metrics = {name: {**metric, "chance": chances.get(name)} for name, metric in case["metrics"].items()}
    composed = {"metrics": metrics, "environment": {**machine, **checkout}, "origin": origin}
    return {**_LEFT_OUT, **case, **own, "spec": {**case["spec"], **own["spec"]}, **composed}


def _own(raw: bytes) -> dict[str, Any]:
    """What a record's own file holds."""
    body = _body(raw)
    try:
        own: dict[str, Any] = OWN.validate_json(body)
    except ValidationError as error:
        _check_version(_version(body))
        raise CorruptRecord(not_in_form(error)) from error
    _check_version(own["schema_version"])
    return own


def not_in_form(error: ValidationError) -> str:
    """What is wrong with a file that does not have the form of this version, in words."""
    return f"not in the form of version {VERSION}: {first_fault(error, 'content')}"


def _version(body: bytes) -> int:
    """The version that a record of any form says it has; this one's if it does not say any."""
    try:
        version = from_json(body)["schema_version"]
    except (ValueError, KeyError, TypeError):
        return VERSION
    return version if isinstance(version, int) else VERSION


def _body(raw: bytes) -> bytes:
    start = len(_HEAD) + 64 + len(_MIDDLE)
    head, body, tail = raw[:start], raw[start : -len(_TAIL)], raw[-len(_TAIL) :]
    if tail != _TAIL.encode() or not head.startswith(_HEAD.encode()):
        raise CorruptRecord("truncated or not a record")
    if head != f"{_HEAD}{hashlib.sha256(body).hexdigest()}{_MIDDLE}".encode():
        raise CorruptRecord("edited: its digest does not match its content")
    return body


def _check_version(version: int) -> None:
    if version != VERSION:
        raise UnusableRecord(f"written by {'an earlier' if version < VERSION else 'a later'} version of the harness")


def _shared_file(values: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(values, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)}\n".encode()


def _without(left_out: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values but for those that equal what is left out."""
    return {name: value for name, value in values.items() if name not in left_out or value != left_out[name]}


def _value(value: Any, *, by_line: bool) -> str:
    """JSON on one line, or a list with a line for each of its entries."""
    if by_line and value:
        return "[\n" + ",\n".join(f"  {_value(entry, by_line=False)}" for entry in value) + "\n ]"
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)
