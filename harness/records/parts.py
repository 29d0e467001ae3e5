"""The form of the files that a record is stored in, for checking what is read: fields and their types, nothing else."""

from typing import Annotated, Any, Literal, NotRequired, TypeAlias

from annotated_types import Ge
from pydantic import ConfigDict, StringConstraints, TypeAdapter, with_config
from typing_extensions import TypedDict

from harness.core.entrant import EntrantKind
from harness.core.run import KEPT_NAME
from harness.core.spec import Split, TierName, Value
from harness.records.record import RunStatus

_FORM = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

_Count: TypeAlias = Annotated[int, Ge(0)]
_Place: TypeAlias = dict[str, int | float | str]
# Digests and names of kept files are parts of paths: others could lead out of the store.
_Digest: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_ShortDigest: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
_KeptName: TypeAlias = Annotated[str, StringConstraints(pattern=f"^{KEPT_NAME}$")]


@with_config(_FORM)
class _Score(TypedDict):
    metric: str
    value: float
    n_used: _Count
    n_expected: NotRequired[_Count]
    at: NotRequired[_Place]
    items: NotRequired[str]
    chance: NotRequired[float | None]


@with_config(_FORM)
class _Failure(TypedDict):
    type: str
    message: str
    traceback: str


@with_config(_FORM)
class _Costs(TypedDict):
    setup_s: float
    shared_s: float
    train_s: float
    eval_s: float
    peak_mb: float
    weights: int
    contended: bool


@with_config(_FORM)
class _OwnSpec(TypedDict):
    entrant: str
    seed: int
    code: str
    parameters: dict[str, Value]
    chosen: dict[str, Value]
    split: Split


@with_config(_FORM)
class _Digests(TypedDict):
    case: _ShortDigest
    machine: _ShortDigest
    origin: _ShortDigest


@with_config(_FORM)
class _Own(TypedDict):
    schema_version: int
    key: str
    spec: _OwnSpec
    status: RunStatus
    failure: NotRequired[_Failure]
    parameters: dict[str, Any]
    spent: _Count
    produced: str
    costs: _Costs
    resumed: NotRequired[_Count]
    trials: _Count
    artefacts: NotRequired[dict[str, str]]
    sidecar: NotRequired[_Digest]
    kept: NotRequired[dict[_KeptName, _Digest]]
    started: str
    finished: str
    shared: _Digests
    commit: str
    dirty: bool
    chance: dict[str, float]
    scores: list[_Score]
    curve: list[dict[str, float]]


@with_config(_FORM)
class _Metric(TypedDict):
    better: Literal["higher", "lower"]
    unit: str
    about: str
    ceiling: float | None
    margin: float | None
    exact: bool
    timing: bool
    needs: str | None


@with_config(_FORM)
class _Budget(TypedDict):
    unit: str
    total: _Count


@with_config(_FORM)
class _CaseSpec(TypedDict):
    task: str
    version: int
    tier: TierName
    case: str
    budget: _Budget
    data: str
    settings: dict[str, Any]


@with_config(_FORM)
class _Case(TypedDict):
    at: _Place
    generated: bool
    metrics: dict[str, _Metric]
    primary: str
    seed_varies: str
    settings: dict[str, Any]
    spec: _CaseSpec


@with_config(_FORM)
class _Machine(TypedDict):
    python: str
    packages: dict[str, str]
    platform: str
    processor: str
    device: str
    threads: int
    pinned_allocator: bool


@with_config(_FORM)
class _Origin(TypedDict):
    kind: EntrantKind
    component: str
    deterministic: bool
    title: str
    code: dict[str, str]
    unlisted: list[str]


OWN: TypeAdapter[Any] = TypeAdapter(_Own)
"""A record's own file."""
SHARED: dict[str, TypeAdapter[Any]] = {
    "case": TypeAdapter(_Case),
    "machine": TypeAdapter(_Machine),
    "origin": TypeAdapter(_Origin),
}
"""What a record has in common with others: what the card fixes for the case at the tier, where the run was computed
(but for the commit, which the record has itself), and what the entrant is."""
