"""Requirements: what a task's card asks of the claims on it at a tier, and on which records they are judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from harness.core.spec import TierName
from harness.registry.find import Registry
from harness.registry.headers import inapplicable


class PlannedCase(NamedTuple):
    """A case of a tier: who takes part, and its place on the axes."""

    takers: frozenset[str]
    at: Mapping[str, int | float | str] = {}


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What a task's card asks of the claims on it at one tier, and on which records they are judged.

    `better` says which values of a metric are. `margins` says for a metric how far above chance a baseline must be, on
    average; without one, it must be above chance. `changed` has, for a metric that is a change, the metric that
    changes. `planned` has the tier's cases, but for those of times, since claims name these themselves.
    `planned_seeds` has the seeds of all of the tier's cases, and `seeds` those that are judged; of a case that is
    unknown, these are whichever the records have. `keys` has the key of every planned run by case, label and seed: a
    record with another key is stale.
    """

    better: Mapping[str, Literal["higher", "lower"]] = field(default_factory=dict)
    margins: Mapping[str, float] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    planned: Mapping[str, PlannedCase] = field(default_factory=dict)
    planned_seeds: Mapping[str, range] = field(default_factory=dict)
    seeds: Mapping[str, range] = field(default_factory=dict)
    keys: Mapping[tuple[str, str, int], str] = field(default_factory=dict)


def requirements(
    registry: Registry, tier: TierName, seeds: int | None = None, first_seed: int = 0
) -> dict[str, Requirements]:
    """What each task's card asks of the claims on it at a tier. Judged are so many `seeds` from the first one on, by
    default as many as each case has."""
    required = {}
    for task, card in registry.tasks.items():
        headers = registry.of_task(task).values()
        planned = {
            resolved.case.id: PlannedCase(
                frozenset(header.name for header in headers if not inapplicable(header, resolved)), resolved.case.at
            )
            for resolved in card.at_tier(tier)
            if not resolved.case.exclusive
        }
        required[task] = Requirements(
            better={name: metric.better for name, metric in card.metrics.items()},
            margins={name: metric.margin for name, metric in card.metrics.items() if metric.margin is not None},
            changed={name: metric.change_of for name, metric in card.metrics.items() if metric.change_of},
            planned=planned,
            planned_seeds={resolved.case.id: range(resolved.seeds) for resolved in card.at_tier(tier)},
            seeds={
                resolved.case.id: range(first_seed, first_seed + (seeds or resolved.seeds))
                for resolved in card.at_tier(tier)
            },
        )
    return required


def seeds_of_all(cases: Iterable[str], seeds: Mapping[str, range]) -> tuple[int, ...]:
    """The seeds that all of some cases have, given those of each case; none if the seeds of no case are known."""
    known = [set(seeds[case]) for case in cases if case in seeds]
    return tuple(sorted(set.intersection(*known))) if known else ()
