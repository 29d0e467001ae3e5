"""`Spec`: which run it is, before it happens. Needs no torch."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from harness.core.canonical import digest

SCHEMA = 1
"""Version of the key's ingredients. A new version makes every record stale."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Names of tasks, cases and entrants: safe in paths, keys, tables and shells."""

LONGEST_LABEL = 80

TierName: TypeAlias = Literal["smoke", "quick", "small", "large", "paper"]
TIERS: tuple[TierName, ...] = ("smoke", "quick", "small", "large", "paper")
"""The effort levels, smallest first."""

Value: TypeAlias = bool | int | float | str | None

Split: TypeAlias = Literal["test", "valid"]
"""What a run is measured on. `valid` is for tuning trials, whose records are no results."""


@dataclass(frozen=True)
class Budget:
    """What a run may draw: `total` of the task's own `unit` (examples, tokens, rounds, frames); 0 = no training."""

    unit: str
    total: int


@dataclass(frozen=True, kw_only=True)
class Spec:
    """The frozen description of one run.

    `chosen` are the parameters that were set from outside (a sweep or the command line); `parameters` are all that
    differ from the class defaults, tuned values included; `settings` are the task's settings that differ from the
    card's defaults. `code` is the digest of the entrant's source closure, `data` the content digest of the real data
    or the name of the generator. Every field but `chosen` is part of the key, `split` only where it is not `test`.
    """

    task: str
    version: int
    tier: TierName
    case: str
    entrant: str
    seed: int
    budget: Budget
    code: str
    data: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)
    chosen: Mapping[str, Value] = field(default_factory=dict)
    split: Split = "test"

    @property
    def key(self) -> str:
        """The run's identity: 32 hex digits over everything that can change its outcome and nothing else."""
        fields = {name: value for name, value in vars(self).items() if name not in ("chosen", "split")}
        fields |= {name: dict(fields[name]) for name in ("settings", "parameters")}
        split = {} if self.split == "test" else {"split": self.split}
        return digest({**fields, "schema": SCHEMA, "budget": [self.budget.unit, self.budget.total], **split})

    @property
    def label(self) -> str:
        """What tables call the entrant: `ppmi`, or `ppmi[dim=50]` when parameters were set from outside."""
        return label(self.entrant, self.chosen)

    @property
    def place(self) -> str:
        """Where the record lies below `records/`, whatever its key. Trials lie a folder deeper than results, in
        `tuning/`, where nothing that reads results looks."""
        place = f"{self.task}/{self.tier}/{self.case}/{self.entrant}/{_file_safe(self.chosen)}-s{self.seed}.json"
        return place if self.split == "test" else f"tuning/{place}"


def label(entrant: str, chosen: Mapping[str, Value]) -> str:
    """`entrant`, or `entrant[name=value,...]` in order of name."""
    inner = ",".join(f"{name}={shown(value)}" for name, value in sorted(chosen.items()))
    return f"{entrant}[{inner}]" if inner else entrant


def entrant_in(label: str) -> str:
    """The entrant that a label names."""
    return label.partition("[")[0]


def set_in(label: str) -> tuple[str, ...]:
    """The names of the parameters that a label says were set from outside."""
    inner = label.removesuffix("]").partition("[")[2]
    return tuple(part.partition("=")[0] for part in inner.split(",") if part)


def without(label: str, parameters: Collection[str]) -> str:
    """A label without some of the parameters that it says were set."""
    name, _, inner = label.removesuffix("]").partition("[")
    kept = [part for part in inner.split(",") if part and part.partition("=")[0] not in parameters]
    return f"{name}[{','.join(kept)}]" if kept else name


def shown(value: Value) -> str:
    """A value as the command line takes it; text with control characters is quoted, and they are escaped."""
    if isinstance(value, str) and not value.isprintable():
        return repr(value)
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _file_safe(chosen: Mapping[str, Value]) -> str:
    if not chosen:
        return "default"
    values = {name: shown(value) for name, value in sorted(chosen.items())}
    text = ",".join(f"{name}={value}" for name, value in values.items())
    # Only plain values: in a value with a comma, the rest would look like another parameter.
    if len(text) <= LONGEST_LABEL and all(re.fullmatch(r"[A-Za-z0-9_.+-]+", value) for value in values.values()):
        return text
    return digest(dict(chosen))[:16]
