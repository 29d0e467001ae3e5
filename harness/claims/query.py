"""Queries: which scores a hypothesis is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.claims.conditions import Condition
from harness.records.scored import SPENT


@dataclass(frozen=True)
class Query:
    """Which scores are compared: a metric of a task at a tier, where the conditions on the axes hold.

    `x` is an axis that keeps its numbers, for slopes. `curve` asks for the scores along the budget.
    """

    task: str
    tier: str
    metric: str
    where: Mapping[str, Condition] = field(default_factory=dict)
    x: str = ""
    curve: bool = False

    @property
    def axes(self) -> set[str]:
        """The axes that the query names."""
        return {*self.where, self.axis} - {""}

    @property
    def axis(self) -> str:
        """The axis along which numbers are kept."""
        return SPENT if self.curve else self.x
