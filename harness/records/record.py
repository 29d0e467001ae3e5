"""`Record`, the one stored outcome of a run, whatever happened to it; and its form on disk.

What many records have in common is stored once: a record's own file names it by digest (`SHARED`).
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from harness.core.card import Metric
from harness.core.entrant import EntrantKind
from harness.core.spec import Budget, Spec

VERSION = 2
"""Version of the stored form. Records of another version are not read; their runs must be done again."""

RunStatus: TypeAlias = Literal["ok", "diverged", "error", "timeout", "oom", "killed", "interrupted"]
SCORED: frozenset[RunStatus] = frozenset({"ok", "diverged"})
"""Statuses that carry scores; a diverged run is scored at chance."""
REPEATED: frozenset[RunStatus] = frozenset({"timeout", "oom", "killed", "interrupted"})
"""Statuses that the next `run` repeats without being asked; an `error` would only happen again."""

MOST_CURVE_POINTS = 20

_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_SAYS_ALL = frozenset({"BadOutput", "Cancelled", "Diverged", "KeyboardInterrupt", "ProcessExpired", "Timeout"})
"""Failures whose message is a sentence of the harness, which needs no name of an exception before it."""
_OTHERS = ("./harness/", "<", "/")
"""How paths in tracebacks begin that are not an entrant's: those of the harness and of libraries."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(_Part):
    """Why a run has no scores, or chance scores."""

    type: str
    message: str
    traceback: str = ""

    @property
    def text(self) -> str:
        """What went wrong in one line: the error, and the last line of the entrant's code that led to it."""
        words = self.message if self.type in _SAYS_ALL else f"{self.type}: {self.message}"
        said = " ".join(words.split()).removesuffix(":")
        lines = [f"{path}:{line}" for path, line in _FRAME.findall(self.traceback) if not path.startswith(_OTHERS)]
        return f"{said} ({lines[-1]})" if lines else said


class RecordedScore(_Part):
    """One value of a metric. `at` is the point of measurement; `items` names the array of the items' scores in the
    sidecar; `chance` is the chance value of the point, if it has its own."""

    metric: str
    value: float = Field(allow_inf_nan=False)
    n_used: int
    n_expected: int
    at: Mapping[str, float | str] = {}
    items: str = ""
    chance: float | None = Field(default=None, exclude_if=lambda chance: chance is None)


class Costs(_Part):
    """Seconds by clock, peak memory above that of the fresh process, number of weights. `shared_s` is the time that
    building the run's shared artefacts took, in whichever run; during a `contended` run other processes were busy."""

    setup_s: float = 0.0
    shared_s: float = 0.0
    train_s: float = 0.0
    eval_s: float = 0.0
    peak_mb: float = 0.0
    weights: int = 0
    contended: bool = False


class Environment(_Part):
    """Where the run happened. Nothing here is part of the key."""

    commit: str = ""
    dirty: bool = False
    python: str = ""
    packages: Mapping[str, str] = {}
    platform: str = ""
    processor: str = ""
    device: str = "cpu"
    threads: int = 1
    pinned_allocator: bool = False


class Origin(_Part):
    """What the entrant is: its kind, the component class it descends from, and its source closure file by file."""

    kind: EntrantKind
    component: str = ""
    deterministic: bool = True
    title: str = ""
    code: Mapping[str, str] = {}
    unlisted: tuple[str, ...] = ()
    """Files that the run used though the closure does not list them: changing them makes nothing stale."""


class Record(_Part):
    """The outcome of one run."""

    schema_version: int = VERSION
    key: str
    spec: Spec
    status: RunStatus
    failure: Failure | None = None
    parameters: Mapping[str, Any] = {}
    """All parameters, class defaults included."""
    settings: Mapping[str, Any] = {}
    """All settings, the card's defaults included."""
    at: Mapping[str, int | float | str] = {}
    """The case's values on the axes."""
    generated: bool = False
    """The data stands in for real data."""
    spent: int = 0
    """What was drawn of the budget, in its unit."""
    produced: str = ""
    """Digest of what the seed drew."""
    seed_varies: str = ""
    primary: str
    metrics: Mapping[str, Metric] = {}
    scores: tuple[RecordedScore, ...] = ()
    curve: tuple[Mapping[str, float], ...] = Field(default=(), max_length=MOST_CURVE_POINTS)
    costs: Costs = Costs()
    trials: int = 0
    """The number of tuning trials that chose the parameters."""
    artefacts: Mapping[str, str] = {}
    origin: Origin
    environment: Environment = Environment()
    sidecar: str = ""
    """SHA-256 of the sidecar with the items' scores."""
    kept: Mapping[str, str] = {}
    """SHA-256 of each file that the run kept, by name."""
    started: str = ""
    finished: str = ""


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


SHARED = ("case", "machine", "origin")
"""What a record has in common with others: what the card fixes for the case at the tier, where the run was computed
(but for the commit, which the record has itself), and what the entrant is."""

Shared: TypeAlias = Callable[[str], Mapping[str, Any]]
"""Finds what a shared file holds by its digest. Raises `UnusableRecord` if the file is missing or edited."""

_OF_THE_CASE = ("at", "generated", "metrics", "primary", "seed_varies", "settings")
_SPEC_OF_THE_CASE = ("budget", "case", "data", "settings", "task", "tier", "version")
_OF_THE_CHECKOUT = ("commit", "dirty")
_ONE_A_LINE = ("scores", "curve")
_NOTHING: Mapping[str, Any] = {}
_LEFT_OUT: Mapping[str, Any] = {"failure": None, "artefacts": _NOTHING, "sidecar": "", "kept": _NOTHING}
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
        first = error.errors()[0]
        raise CorruptRecord(f"not in the form of version {VERSION}: {first['loc']}: {first['msg']}") from error


class Stored(NamedTuple):
    """A record as it is stored: its spec, and all of it as plain values (what `Record.model_dump` gives)."""

    spec: Spec
    content: Mapping[str, Any]

    @property
    def failure(self) -> str:
        """What went wrong in one line, as `Failure.text` says it; "" if nothing did."""
        failure = self.content["failure"]
        return Failure(**failure).text if failure else ""


def stored(record: Record) -> Stored:
    """What would be stored of a record."""
    return Stored(record.spec, record.model_dump(mode="json"))


def stored_from_bytes(raw: bytes, shared: Shared) -> Stored:
    """A stored record, its digest and version checked but not its types: what has the right digest was written by
    `to_files`, and to skip the types is three times as fast. Raises as `from_bytes` does."""
    content = _content(raw, shared)
    try:
        spec = content["spec"]
        return Stored(Spec(**{**spec, "budget": Budget(**spec["budget"])}), content)
    except (KeyError, TypeError) as error:
        raise CorruptRecord(f"not in the form of version {VERSION}: {error}") from error


def _content(raw: bytes, shared: Shared) -> dict[str, Any]:
    """All of a record as plain values, what it shares with others included."""
    try:
        own = from_json(_body(raw))
        _check_version(own["schema_version"])
        names = own.pop("shared")
        case, machine, origin = (shared(names[name]) for name in SHARED)
        chances, checkout = own.pop("chance"), {name: own.pop(name) for name in _OF_THE_CHECKOUT}
        for score in own["scores"]:
            score.setdefault("at", _NOTHING)
            score.setdefault("items", "")
            score.setdefault("n_expected", score["n_used"])
        metrics = {name: {**metric, "chance": chances.get(name)} for name, metric in case["metrics"].items()}
        composed = {"metrics": metrics, "environment": {**machine, **checkout}, "origin": origin}
        return {**_LEFT_OUT, **case, **own, "spec": {**case["spec"], **own["spec"]}, **composed}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptRecord(f"not in the form of version {VERSION}: {error}") from error


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


def thinned(curve: list[dict[str, float]]) -> tuple[dict[str, float], ...]:
    """At most 20 points of a curve, evenly spread, the first and the last among them."""
    if len(curve) <= MOST_CURVE_POINTS:
        return tuple(curve)
    steps = MOST_CURVE_POINTS - 1
    return tuple(curve[round(i * (len(curve) - 1) / steps)] for i in range(MOST_CURVE_POINTS))
