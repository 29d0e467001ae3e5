"""What a plan expects of a task's tables: the runs that there should be, and the cells that no entrant can fill."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from harness.core.entrant import EntrantKind
from harness.core.spec import set_in

if TYPE_CHECKING:
    from harness.runs.plan import Plan


@dataclass(frozen=True)
class ExpectedRuns:
    """All that is planned for a task at a tier.

    `keys` has the key of every planned run by case, label and seed (a record with another key is stale; "" = any key
    will do), `kinds` the kind of every planned label, `inapplicable` why an entrant takes no part in a case, by case
    and entrant.
    """

    keys: Mapping[tuple[str, str, int], str]
    kinds: Mapping[str, EntrantKind]
    inapplicable: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def cells(self) -> frozenset[tuple[str, str]]:
        """The cells, by case and label, for which a run is planned."""
        return frozenset((case, label) for case, label, _ in self.keys)

    def leaving_out(self, parameters: Collection[str]) -> "ExpectedRuns":
        """What is expected without the runs that set one of these parameters from outside."""
        keys = {run: key for run, key in self.keys.items() if not set(parameters).intersection(set_in(run[1]))}
        return replace(self, keys=keys)


def expected_of(plan: "Plan", task: str, tier: str, *, any_key: bool = False) -> ExpectedRuns:
    """What a plan expects of a task's tables at a tier; with `any_key`, no record counts as stale."""
    jobs = [job for job in plan.runs if (job.spec.task, job.spec.tier) == (task, tier)]
    return ExpectedRuns(
        {(job.spec.case, job.spec.label, job.spec.seed): "" if any_key else job.spec.key for job in jobs},
        {job.spec.label: job.header.kind for job in jobs},
        {(skipped.case, skipped.entrant): skipped.why for skipped in plan.not_applicable if skipped.task == task},
    )
