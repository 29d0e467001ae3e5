"""The rules that cards set for claims: what is above chance, and what was planned."""

from collections.abc import Mapping

from harness.claims.preconditions import Rules
from harness.core.card import Card
from harness.core.spec import TierName
from harness.registry.find import Registry
from harness.registry.headers import inapplicable


def rules(registry: Registry) -> Mapping[str, Rules]:
    """What each task's card asks of claims: the margins above chance, and who takes part where."""
    return {
        task: Rules(
            {name: metric.margin for name, metric in card.metrics.items() if metric.margin is not None},
            planned={tier: _planned(registry, card, tier) for tier in card.tiers},
        )
        for task, card in registry.tasks.items()
    }


def _planned(registry: Registry, card: Card, tier: TierName) -> dict[str, frozenset[str]]:
    """Who takes part in each case of a tier that does not measure times."""
    resolved = [card.resolve(tier, case) for case in card.tiers[tier].cases]
    headers = registry.of_task(card.task).values()
    return {
        one.case.id: frozenset(header.name for header in headers if not inapplicable(header, one))
        for one in resolved
        if not one.case.exclusive
    }
