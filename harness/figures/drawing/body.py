"""The body of a figure, between its title and its notes: the size planned for its panels and its legend."""

from collections.abc import Iterable
from typing import NamedTuple

LETTER = 0.055
"""Inches of a character in labels and titles, on average."""


class Body(NamedTuple):
    """The width and height of panels and legend together; the width of the legend, which stands on the right; by how
    much it is higher than the panels; the gap around each panel. All in inches."""

    width: float
    height: float
    legend: float = 0.0
    below: float = 0.0
    gap: float = 0.08


def longest(texts: Iterable[str]) -> float:
    """About how many inches the longest of texts takes as a label."""
    return LETTER * max(map(len, texts), default=0)
