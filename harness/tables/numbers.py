"""Numbers as text: as many digits as their interval supports, the same in a whole column."""

import math
from collections.abc import Iterable

from harness.tables.table import Cell, Span

NONE = "-"
"""Stands where there is nothing to say."""

_MOST_DECIMALS = 6
_SHORTENED = 10_000
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def decimals(cells: Iterable[Cell]) -> int:
    """Decimals of a column: two significant digits of the median half-width, but at most four of the median value;
    where nothing has a width, three of the median value. A value of another order of magnitude spoils no other."""
    scored = [cell for cell in cells if cell.state == "scored"]
    widths = sorted(cell.half for cell in scored if cell.half > 0)
    sizes = sorted(abs(cell.value) for cell in scored if cell.value)
    places = 2 - _magnitude(sizes[len(sizes) // 2] if sizes else 1.0)
    if widths:
        places = min(places + 1, 1 - _magnitude(widths[len(widths) // 2]))
    return min(max(places, 0), _MOST_DECIMALS)


def number(value: float, places: int) -> str:
    """A value with so many decimals; `n/a` for NaN."""
    return "n/a" if math.isnan(value) else f"{value:,.{places}f}"


def amount(span: Span | None) -> str:
    """A count or the range of several, in short: `1,234`, `25.3k`, `1.3M to 2.6M`."""
    if span is None:
        return NONE
    least, most = _short(span.least), _short(span.most)
    return least if least == most else f"{least} to {most}"


def seconds(value: float) -> str:
    """A time in seconds: three digits, at most three decimals."""
    if math.isnan(value):
        return NONE
    return f"{value:,.{min(max(2 - _magnitude(value or 1.0), 0), 3)}f}"


def _short(value: float) -> str:
    if value < _SHORTENED:
        return f"{value:,.0f}"
    size, unit = next((size, unit) for size, unit in _UNITS if value >= size)
    return f"{value / size:.4g}{unit}"


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)))
