"""`Job`: one run with everything that is needed to do it and to write its record."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from harness.claims.claim import Part
from harness.core.card import Card, Resolved
from harness.core.spec import Spec, Value
from harness.records.record import Environment, Origin, Record, RunStatus
from harness.registry.headers import Header

RunState: TypeAlias = Literal["done", "missing", "stale", "repeat", "failed"]
"""`repeat`: was stopped from outside and is due again; `failed`: ended in an error and is due only if that is asked."""

CHECKPOINT_S = 600.0
"""Seconds between checkpoints. A run that is shorter writes none."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run with everything that is needed to do it and to write its record.

    `resolved` is what the card fixes for its case and tier. `code` is the entrant's closure: digests by file. `tuned`
    are the values that tuning chose, in so many `trials`. `claims` are those that read the scores of single items: the
    run keeps these scores and no others. `state` is that of the stored record, `why` the reason in words; `seen` is the
    time at which the stored record was finished, "" if there is none. The run is stopped after `limit_s` seconds of
    wall time and may allocate `memory_mb` megabytes; its training writes a checkpoint every `checkpoint_s` seconds.
    `contended` says whether other runs may run at the same time, `keeps_predictions` whether the run keeps what its
    system answers when it is measured.
    """

    spec: Spec
    card: Card
    resolved: Resolved
    header: Header
    code: Mapping[str, str]
    results: Path
    environment: Environment
    limit_s: float
    memory_mb: int
    checkpoint_s: float = CHECKPOINT_S
    tuned: Mapping[str, Value] = field(default_factory=dict)
    trials: int = 0
    claims: tuple[Part, ...] = ()
    state: RunState = "missing"
    why: str = ""
    seen: str = ""
    contended: bool = False
    keeps_predictions: bool = False

    @property
    def bundled(self) -> tuple[str, ...]:
        """The case's data files in the task's folder, by their path from the folder that bounds the entrant's code."""
        folder = self.header.home.folder
        return tuple(os.path.relpath(folder / name, self.header.root) for name in self.resolved.case.bundled)

    @property
    def expect_s(self) -> float:
        """The planned length of the run on one core, in seconds. Half of the card's value is a fixed cost (set-up,
        evaluation), the other half scales with the budget."""
        whole = self.resolved.budget.total
        share = self.spec.budget.total / whole if whole else 1.0
        return self.resolved.expect_s * (1 + share) / 2

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters: the class defaults, replaced by the spec's."""
        return {**self.header.defaults, **self.spec.parameters}

    def record(
        self,
        status: RunStatus,
        started: datetime,
        *,
        parameters: Mapping[str, Any] | None = None,
        chance: Mapping[str, float] | None = None,
        unlisted: tuple[str, ...] = (),
        **outcome: Any,
    ) -> Record:
        """The record of a run of the job that began at `started` and ends now.

        `parameters` are the entrant's own values, by default those of the job; `chance` has the metrics' chance values
        on the drawn data, where they differ from the card's; `unlisted` are files that the run used though its key does
        not cover them; `outcome` has further fields of the record.
        """
        header, resolved, chances = self.header, self.resolved, chance or {}
        return Record(
            key=self.spec.key,
            spec=self.spec,
            status=status,
            parameters=self.parameters if parameters is None else parameters,
            settings=resolved.settings,
            at=resolved.case.at,
            generated=resolved.case.stand_in,
            seed_varies=self.card.seed_varies,
            primary=resolved.primary,
            metrics={
                name: metric.model_copy(update={"chance": chances.get(name, metric.chance)})
                for name, metric in self.card.metrics.items()
            },
            trials=self.trials,
            origin=Origin(
                kind=header.kind,
                component=header.component,
                deterministic=header.deterministic,
                title=header.title,
                code=self.code,
                unlisted=unlisted,
            ),
            environment=self.environment,
            started=started.isoformat(),
            finished=datetime.now(UTC).isoformat(),
            **outcome,
        )
