"""The body of a figure: the size that is planned for its panels and what stands beside them."""

from collections.abc import Iterable
from typing import NamedTuple

LETTER = 0.055
"""Inches of a character in labels and titles, on average."""


class Body(NamedTuple):
    """The whole width and height; of these the width of a legend on the right, and the height that it needs beyond
    that of the panels; the gap around each panel. All in inches."""

    width: float
    height: float
    legend: float = 0.0
    below: float = 0.0
    gap: float = 0.08


def longest(texts: Iterable[str]) -> float:
    """About how many inches the longest of texts takes as a label."""
    return LETTER * max(map(len, texts), default=0)
