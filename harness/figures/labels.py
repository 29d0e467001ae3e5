"""What figures call their places and values, and the order in which places stand."""

from collections.abc import Iterable

from harness.core.card import Card
from harness.figures.declared import CASE, METRIC, DeclaredFigure
from harness.figures.plot import Place
from harness.records.scored import VALIDATION
from harness.tables.text import arrow

MOST_COLUMNS = 4
"""More panels than these in one row go on in the next."""


def in_order_of(axis: str, places: Iterable[Place | None], figure: DeclaredFigure, card: Card) -> list[Place | None]:
    """The places on an axis, each once, in the order of the card; numbers by size, words as they were measured."""
    distinct = dict.fromkeys(places)
    known = {METRIC: list(figure.shows), CASE: [case.id for case in card.cases]}.get(axis, [])
    words = [*known, *(place for place in distinct if place not in known)]
    return sorted(distinct, key=lambda place: (words.index(place) if isinstance(place, str) else -1, by_size(place)))


def by_size(place: Place | None) -> tuple[bool, float]:
    """The key that sorts places: numbers by size, then words, which are all alike."""
    return isinstance(place, str), place if isinstance(place, float) else 0.0


def title(*places: tuple[str, Place | None]) -> str:
    """The title of a panel from its places by axis: a word speaks for itself, a number does not, and metrics stand on
    their own axes."""
    return ", ".join(
        place if isinstance(place, str) else f"{axis} = {place:,g}"
        for axis, place in places
        if place is not None and axis != METRIC
    )


def value_label(metric: str, card: Card) -> str:
    """What an axis of a metric's values is called: its name, unit and direction."""
    entry = card.metrics.get(metric)
    if entry is None and metric.startswith(VALIDATION):
        return f"{value_label(metric.removeprefix(VALIDATION), card)}, validation"
    if entry is None:
        return metric
    return f"{metric}{f' ({entry.unit})' if entry.unit else ''} {arrow(entry.better)}"
