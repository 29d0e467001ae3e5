"""What is drawn on the squares of a heat map besides their colour, in its panels as in its key."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.figures.heat import HeatMap, Map
from harness.tables.table import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Draw: TypeAlias = "Callable[[Axes, float, float], None]"
"""Draws a mark on the square around a place."""

_SOFT = "#7a7a7a"
_GREY = "#d0d0d0"


def mark(axes: "Axes", cell: Cell | None, x: float, y: float) -> None:
    """Draw the marks of a cell, or of a place without one, on its square."""
    for name in _marks_of(cell):
        MARKS[name](axes, x, y)


def used(sheet: HeatMap) -> list[str]:
    """The names of the marks that a heat map has, in the order of `MARKS`."""
    there = {name for row in sheet.panels for panel in row if panel.squares for name in _in_panel(sheet, panel)}
    return [name for name in MARKS if name in there]


def show(axes: "Axes", name: str) -> None:
    """Draw a mark alone, for the key: on a square around 0 of no value's colour."""
    _fill(axes, 0, 0, facecolor=_GREY)
    MARKS[name](axes, 0, 0)


def _in_panel(sheet: HeatMap, panel: Map) -> Iterator[str]:
    for square in panel.squares:
        yield from _marks_of(square.cell)
    if len(panel.squares) < len(sheet.xs) * len(sheet.ys):
        yield from _marks_of(None)


def _marks_of(cell: Cell | None) -> Iterator[str]:
    if cell is None:
        yield "not measured"
        return
    if cell.state == "failed":
        yield "a seed is lost"
    if any(flag.startswith("diverged") for flag in cell.flags):
        yield "with diverged runs"
    if cell.mark == "best":
        yield "best of its panel"


def _fill(axes: "Axes", x: float, y: float, **look: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **look))


def _outline(axes: "Axes", x: float, y: float) -> None:
    # White within black: one of them shows on any colour.
    for width, colour, layer in ((2.8, "black", 4), (1.0, "white", 5)):
        _fill(axes, x, y, facecolor="none", edgecolor=colour, linewidth=width, zorder=layer, clip_on=False)


def _hatch(axes: "Axes", x: float, y: float) -> None:
    _fill(axes, x, y, hatch="/////", facecolor="white", edgecolor="#b0b0b0", linewidth=0)


def _cross(axes: "Axes", x: float, y: float) -> None:
    _fill(axes, x, y, facecolor="white", edgecolor=_SOFT, linewidth=0.5)
    axes.plot([x], [y], marker="x", markersize=5.5, color="black", linestyle="")


def _corner(axes: "Axes", x: float, y: float) -> None:
    """The upper left corner: the number in the middle stays free."""
    from matplotlib.patches import Polygon

    up = -1 if axes.yaxis_inverted() else 1
    left, top = x - 0.5, y + 0.5 * up
    corner = [(left, top), (left + 0.3, top), (left, top - 0.42 * up)]
    axes.add_patch(Polygon(corner, facecolor="black", edgecolor="white", linewidth=0.6, zorder=3))


MARKS: Mapping[str, Draw] = {
    "best of its panel": _outline,
    "with diverged runs": _corner,
    "a seed is lost": _cross,
    "not measured": _hatch,
}
