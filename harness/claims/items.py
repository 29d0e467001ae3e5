"""Which scores of single items claims read: those that an interval over items is made of. Runs keep no others."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.claims.claim import Part
from harness.claims.conditions import holds
from harness.claims.paper import Paper
from harness.core.spec import Spec
from harness.stats.estimands import OVER_ITEMS


def read_items_of(papers: Iterable[Paper], task: str, tier: str) -> tuple[Part, ...]:
    """The hypotheses that read items' scores of a task at a tier."""
    parts = (part for paper in papers for claim in paper.claim for part in claim.parts)
    return tuple(part for part in parts if part.task == task and part.is_about(tier) and part.estimand in OVER_ITEMS)


def reads_items(part: Part, spec: Spec, metric: str, axes: Mapping[str, Any]) -> bool:
    """Whether a hypothesis reads the items of a run's score, given all axes on which the score lies: its case's, the
    parameters that were set from outside, and its point. A condition on any other axis is taken to hold."""
    # A name in brackets means a run with exactly these parameters; another name, a run without parameters from outside
    # except those that are axes of the hypothesis.
    names = {spec.label} | ({spec.entrant} if set(spec.chosen) <= part.axes else set())
    places = {**axes, "case": spec.case}
    return (
        part.metric == metric
        and not names.isdisjoint((part.of, *part.over))
        and all(holds(places[axis], condition) for axis, condition in part.where.items() if axis in places)
    )
