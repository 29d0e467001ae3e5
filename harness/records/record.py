"""`Record`, the one stored outcome of a run, whatever happened to it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from harness.core.card import Metric
from harness.core.entrant import EntrantKind
from harness.core.spec import Spec
from harness.core.words import encodable, printable, shortened

VERSION = 2
"""Version of the stored form. Records of another version are not read; their runs must be done again."""

RunStatus: TypeAlias = Literal["ok", "diverged", "error", "timeout", "oom", "killed", "interrupted"]
SCORED: frozenset[RunStatus] = frozenset({"ok", "diverged"})
"""Statuses that carry scores; a diverged run is scored at chance or worse."""
REPEATED: frozenset[RunStatus] = frozenset({"timeout", "oom", "killed", "interrupted"})
"""Statuses that the next `run` repeats without being asked; an `error` would only happen again."""

MOST_CURVE_POINTS = 20
LONGEST_TEXT = 4000
LONGEST_TYPE = 100
"""In characters: messages and tracebacks, and names of exceptions."""

_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_SAYS_ALL = frozenset(
    {"BadOutput", "Cancelled", "Diverged", "KeyboardInterrupt", "ProcessExpired", "Timeout", "UserError"}
)
"""Failures whose message is a sentence of the harness, which needs no name of an exception before it."""
_OTHERS = ("./harness/", "<", "/")
"""How paths in tracebacks begin that are not an entrant's: those of the harness and of libraries."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(_Part):
    """Why a run has no scores, or chance scores. Texts are shortened: the beginning is left out of tracebacks, the end
    of the others."""

    type: Annotated[str, BeforeValidator(lambda text: shortened(text, LONGEST_TYPE))]
    message: Annotated[str, BeforeValidator(lambda text: shortened(text, LONGEST_TEXT))]
    traceback: Annotated[str, BeforeValidator(lambda text: encodable(text[-LONGEST_TEXT:]))] = ""

    @property
    def text(self) -> str:
        """What went wrong in one line: the error, and the last line of the entrant's code that led to it."""
        words = self.message if self.type in _SAYS_ALL and self.message else f"{self.type}: {self.message}"
        said = " ".join(words.split()).removesuffix(":")
        lines = [f"{path}:{line}" for path, line in _FRAME.findall(self.traceback) if not path.startswith(_OTHERS)]
        return printable(f"{said} ({lines[-1]})" if lines else said)


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
    resumed: int = 0
    """How often the training went on from a checkpoint after it was killed. `costs` leave out what was lost."""
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


def thinned(curve: list[dict[str, float]]) -> tuple[dict[str, float], ...]:
    """At most 20 points of a curve, evenly spread, the first and the last among them."""
    if len(curve) <= MOST_CURVE_POINTS:
        return tuple(curve)
    steps = MOST_CURVE_POINTS - 1
    return tuple(curve[round(i * (len(curve) - 1) / steps)] for i in range(MOST_CURVE_POINTS))
