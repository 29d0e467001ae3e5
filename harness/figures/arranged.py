"""Where panels stand: as large as their labels leave them, all of one size, at places that are the same every time.

The library's own layout solves for positions whose last digits differ from run to run.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure

_GAP = 0.16
_DIGITS = 5

Grid: TypeAlias = "Sequence[Sequence[Axes | None]]"
"""Axes by rows and columns; None where nothing is drawn."""


class Area(NamedTuple):
    """A part of a figure, in inches from its left and its upper edge."""

    left: float
    top: float
    width: float
    height: float


class _Overhang(NamedTuple):
    """What the labels of axes take beside them, in inches."""

    left: float
    bottom: float
    right: float
    top: float


def grid_of(figure: "MplFigure", drawn: Sequence[Sequence[bool]]) -> Grid:
    """Axes for the panels in which something is drawn, not arranged yet."""
    rows, columns = len(drawn), max(map(len, drawn))
    share = 0.7 / columns, 0.6 / rows
    return [[figure.add_axes((0.2, 0.2, *share)) if one else None for one in row] for row in drawn]


def axes_at(figure: "MplFigure", area: Area) -> "Axes":
    """Axes that fill an area, their labels beside it."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (area.left / width, 1 - (area.top + area.height) / height, area.width / width, area.height / height)
    )


def arrange(figure: "MplFigure", grid: Grid, area: Area) -> None:
    """Put the axes of a grid into an area, labels included."""
    rows, columns = len(grid), max(map(len, grid))
    over = {(i, j): _overhang(axes) for i, row in enumerate(grid) for j, axes in enumerate(row) if axes is not None}
    lefts, rights = (
        [max((o[k] for (_, j), o in over.items() if j == c), default=0.0) for c in range(columns)] for k in (0, 2)
    )
    tops, bottoms = (
        [max((o[k] for (i, _), o in over.items() if i == r), default=0.0) for r in range(rows)] for k in (3, 1)
    )
    width = (area.width - sum(lefts) - sum(rights) - _GAP * (columns - 1)) / columns
    height = (area.height - sum(tops) - sum(bottoms) - _GAP * (rows - 1)) / rows
    whole_width, whole_height = figure.get_size_inches()
    for i, j in over:
        left = area.left + sum(lefts[: j + 1]) + sum(rights[:j]) + j * (width + _GAP)
        top = area.top + sum(tops[: i + 1]) + sum(bottoms[:i]) + i * (height + _GAP)
        bounds = left / whole_width, 1 - (top + height) / whole_height, width / whole_width, height / whole_height
        x, y, across, up = (round(float(bound), _DIGITS) for bound in bounds)
        axes = grid[i][j]
        assert axes is not None
        axes.set_position((x, y, across, up))


def _overhang(axes: "Axes") -> _Overhang:
    inner, outer = axes.get_window_extent(), axes.get_tightbbox()
    assert outer is not None
    inches = axes.figure.dpi
    return _Overhang(
        (inner.x0 - outer.x0) / inches,
        (inner.y0 - outer.y0) / inches,
        (outer.x1 - inner.x1) / inches,
        (outer.y1 - inner.y1) / inches,
    )
