"""`Job`, a spec with all that it takes to run it, and the form of its record."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.core.card import Card, Resolved
from harness.core.spec import Spec
from harness.records.record import Environment, Failure, Origin, Record, Status
from harness.registry.headers import Header


@dataclass(frozen=True, kw_only=True)
class Job:
    """A spec with all that it takes to run it.

    `code` is the entrant's closure; `seen` is when the record that the plan saw was finished ("" = there was none);
    `trials` is how many tuning trials chose the parameters; `contended` says whether it may run beside others;
    `limit_at_s` and `limit_at_mb` are the user's own limits.
    """

    spec: Spec
    card: Card
    header: Header
    code: Mapping[str, str]
    results: Path
    environment: Environment
    trials: int = 0
    seen: str = ""
    contended: bool = False
    limit_at_s: float | None = None
    limit_at_mb: int | None = None

    @cached_property
    def resolved(self) -> Resolved:
        """What the card fixes for the job's case and tier."""
        return self.card.resolve(self.spec.tier, self.spec.case)

    @property
    def bundled(self) -> tuple[str, ...]:
        """The case's files in the task's folder, named as the entrant's code is: from the folder that bounds it."""
        folder = self.header.home.folder
        return tuple(os.path.relpath(folder / name, self.header.root) for name in self.resolved.case.bundled)

    @property
    def expect_s(self) -> float:
        """The planned length of the run on one core, in seconds: the card's; with a share of the budget, half of it
        for what takes as long as ever (set-up, evaluation), and that share of the other half."""
        whole = self.resolved.budget.total
        share = self.spec.budget.total / whole if whole else 1.0
        return self.resolved.expect_s * (1 + share) / 2

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters, class defaults included."""
        defaults = {name: parameter.default for name, parameter in self.header.parameters.items()}
        return {**defaults, **self.spec.parameters}

    @property
    def limit_s(self) -> float:
        """Wall time after which the run is stopped, in seconds: the card's or the user's, whichever is shorter."""
        return min(self.resolved.limit_s, self.limit_at_s or math.inf)

    @property
    def memory_mb(self) -> int:
        """Memory that the run may allocate, in megabytes: the card's or the user's, whichever is less."""
        return min(self.resolved.memory_mb, self.limit_at_mb or self.resolved.memory_mb)

    def record(
        self,
        status: Status,
        started: datetime,
        *,
        failure: Failure | None = None,
        chance: Mapping[str, float] | None = None,
        parameters: Mapping[str, Any] | None = None,
        unlisted: tuple[str, ...] = (),
        **outcome: Any,
    ) -> Record:
        """The job's record, from what is known before the run and its outcome.

        `chance` are the chance values that the drawn data gave, `parameters` all that the entrant had.
        """
        resolved = self.resolved
        metrics = {
            name: metric.model_copy(update={"chance": (chance or {}).get(name, metric.chance)})
            for name, metric in self.card.metrics.items()
        }
        return Record(
            key=self.spec.key,
            spec=self.spec,
            status=status,
            failure=failure,
            parameters=self.parameters if parameters is None else parameters,
            settings=resolved.settings,
            at=resolved.case.at,
            generated=resolved.case.stand_in,
            seed_varies=self.card.seed_varies,
            primary=resolved.primary,
            metrics=metrics,
            trials=self.trials,
            origin=Origin(
                kind=self.header.kind,
                component=self.header.component,
                deterministic=self.header.deterministic,
                title=self.header.title,
                code=self.code,
                unlisted=unlisted,
            ),
            environment=self.environment,
            started=started.isoformat(),
            finished=datetime.now(UTC).isoformat(),
            **outcome,
        )
