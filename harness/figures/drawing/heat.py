"""Draws heat maps: squares of colour with their numbers, and beside them the colour bar and a legend of the marks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from harness.figures.drawing.body import Body, longest
from harness.figures.drawing.scales import scale_values
from harness.figures.drawing.style import SMALL
from harness.figures.heat import HeatMap, Map
from harness.figures.plot import Place
from harness.tables.table import Cell
from harness.tables.text import decimals, number

_SQUARE, _LEAST = (0.44, 0.28), (1.1, 0.7)
_MOST = {1: (4.0, 2.8), 2: (2.7, 2.4), 3: (2.1, 2.0), 4: (2.0, 1.8)}
"""Inches of a square, and at least and at most of a panel, by the number of columns."""
_BESIDE, _ABOVE, _LABEL = 0.3, 0.42, 0.28
"""Inches: between panels; of a panel's title and ticks; of an axis label."""
_BAR, _LEAST_BAR, _MOST_BAR, _ROW, _HANDLE = 0.14, 1.0, 2.0, 0.19, 0.3
"""Inches: width of the colour bar, its least and most height; height of a row of the legend, width of a mark in it."""
_NUMBER, _DIGIT, _APART, _LINE = 6.5, 0.053, 0.08, 0.13
"""Points of a number's font; inches of a digit, of what texts need between them, and of a line of them in height."""
_COLOURS = "viridis"
"""Its luminance rises evenly, so that it can be read in grey and by the colour-blind."""
_LUMINANCE = 0.299, 0.587, 0.114

BEST, DIVERGED, LOST, MISSING = "best of its panel", "with diverged runs", "a seed is lost", "not measured"
_MARKERS: Mapping[str, Mapping[str, Any]] = {
    DIVERGED: {
        "marker": [(0, 0), (1, 0), (0, -1), (0, 0)],
        "markersize": 12,
        "markerfacecolor": "black",
        "markeredgecolor": "white",
        "markeredgewidth": 0.6,
    },
    LOST: {"marker": "x", "markersize": 5.5, "markeredgecolor": "black"},
}
_PATCHES: Mapping[str, Mapping[str, Any]] = {
    BEST: {  # White within black: one of them shows on any colour.
        "facecolor": "none",
        "edgecolor": "white",
        "path_effects": [withStroke(linewidth=2.8, foreground="black")],
        "zorder": 4,
        "clip_on": False,
    },
    MISSING: {"facecolor": "white", "edgecolor": "#b0b0b0", "hatch": "/////", "linewidth": 0},
}


def draw_heat(drawn: MplFigure, heat: HeatMap) -> Body:
    """Draw the panels of squares, and beside them the colour bar that they share."""
    panels = heat.panels
    rows, columns = len(panels), max(map(len, panels))
    (least, low), (most, high) = _LEAST, _MOST[columns]
    titles = [_title(panel) for row in panels for panel in row]
    width = max(min(max(_SQUARE[0] * len(heat.xs), least), most), longest([*titles, heat.x_label]))
    height = max(min(max(_SQUARE[1] * len(heat.ys), low), high), longest([heat.y_label]) - _ABOVE)
    grid = drawn.add_gridspec(rows, columns)
    for i, row in enumerate(panels):
        for j, panel in enumerate(row):
            if panel.squares:
                axes = drawn.add_subplot(grid[i, j], title=_title(panel))
                _draw_squares(axes, heat, panel)
                _write_numbers(axes, heat, panel, width / len(heat.xs), height / len(heat.ys))
                _set_ticks(axes, heat, width, height)
                is_lowest = i == rows - 1 or j >= len(panels[i + 1]) or not panels[i + 1][j].squares
                is_first = not any(other.squares for other in row[:j])
                axes.tick_params(labelbottom=is_lowest, labelleft=is_first)
                axes.set(xlabel=heat.x_label * is_lowest, ylabel=heat.y_label * is_first)
    room, legend = rows * (height + _ABOVE) - _ABOVE, _ROW * (len(marks_of(heat)) + 1)
    bar = min(max(room + _LABEL - legend, _LEAST_BAR), room, _MOST_BAR)
    beside = _add_bar(drawn, heat, bar, bar / room)
    whole = max(room + _LABEL, bar + legend)
    width = _LABEL + longest(_texts(heat.ys)) + columns * (width + _BESIDE) + beside
    return Body(width, _ABOVE + whole, below=whole - room - _LABEL)


def colours_of(heat: HeatMap) -> tuple[Normalize, Colormap]:
    """From values to colours, whose luminance rises towards the better ones; the same in all panels."""
    # Clipped: a value that a logarithm has no place for has the colour of the least.
    norm = (Normalize if heat.declared.scale == "linear" else LogNorm)(*_limits(heat), clip=True)
    return norm, mpl.colormaps[_COLOURS if heat.better == "higher" else f"{_COLOURS}_r"]


def marks_of(heat: HeatMap) -> list[str]:
    """The marks that a heat map has."""
    panels = (panel for row in heat.panels for panel in row if panel.squares)
    used = {mark for panel in panels for _, _, cell in _cells(heat, panel) for mark in _marks(cell)}
    return [mark for mark in (BEST, DIVERGED, LOST, MISSING) if mark in used]


def _draw_squares(axes: Axes, heat: HeatMap, panel: Map) -> None:
    """The squares and their marks."""
    norm, colours = colours_of(heat)
    values = np.full((len(heat.ys), len(heat.xs)), math.nan)
    upwards = -1 if isinstance(heat.ys[0], str) else 1  # Words are read from above.
    for i, j, cell in _cells(heat, panel):
        values[j, i] = math.nan if cell is None else cell.value
        for mark in _marks(cell):
            if mark in _PATCHES:
                axes.add_patch(Rectangle((i - 0.5, j - 0.5), 1, 1, **_PATCHES[mark]))
            else:
                # In the corner, a mark leaves the number in the middle free.
                corner = 0.5 if mark == DIVERGED else 0.0
                axes.plot([i - corner], [j + corner * upwards], linestyle="", **_MARKERS[mark])
    x_edges, y_edges = (np.arange(count + 1) - 0.5 for count in (len(heat.xs), len(heat.ys)))
    # As a raster: between shapes, viewers of SVG show seams.
    axes.pcolormesh(x_edges, y_edges, values, cmap=colours, norm=norm, rasterized=True)
    axes.set(xlim=x_edges[[0, -1]], ylim=y_edges[[0, -1]][::upwards])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)


def _write_numbers(axes: Axes, heat: HeatMap, panel: Map, width: float, height: float) -> None:
    """Write each square's number, if those of all panels fit into squares of about `width` times `height` inches."""
    norm, colours = colours_of(heat)
    scored = [square.cell for square in heat.squares if square.cell.state == "scored"]
    digits = decimals(scored)
    characters = max(len(number(cell.value, digits)) for cell in scored)
    if width < characters * _DIGIT + _APART or height < _LINE:
        return
    for i, j, cell in _cells(heat, panel):
        if cell is not None and cell.state == "scored":
            luminance = np.dot(_LUMINANCE, colours(norm(cell.value))[:3])
            text = axes.text(i, j, number(cell.value, digits), ha="center", va="center_baseline", fontsize=_NUMBER)
            text.set_color("black" if luminance > 0.5 else "white")


def _set_ticks(axes: Axes, heat: HeatMap, width: float, height: float) -> None:
    """Name the places on both axes of a panel of about `width` times `height` inches, as many as have room."""
    x_texts, y_texts = _texts(heat.xs), _texts(heat.ys)
    needed = len(x_texts) * (longest(x_texts) + _APART) / width, len(y_texts) * _LINE / height
    for axis, texts, each in zip((axes.xaxis, axes.yaxis), (x_texts, y_texts), needed, strict=True):
        shown = range(0, len(texts), max(1, math.ceil(each)))
        axis.set_ticks(list(shown), [texts[i] for i in shown])


def _add_bar(drawn: MplFigure, heat: HeatMap, height: float, share: float) -> float:
    """Add a colour bar, whose height in inches is a share of that of all panels, and below it a legend of the marks;
    return the width in inches that is planned for both."""
    shape: Any = {"shrink": share, "aspect": height / _BAR, "anchor": (0.0, 1.0)}
    bar = drawn.colorbar(ScalarMappable(*colours_of(heat)), ax=drawn.axes, **shape)
    scale_values(bar.ax, "y", _limits(heat), heat.declared.scale)
    # Not a title: the layout leaves no room for a title that is wider than its axes.
    above: Any = {"xytext": (0, 6), "textcoords": "offset points"}
    bar.ax.annotate(heat.value_label, (0, 1), xycoords="axes fraction", **above)
    marks = marks_of(heat)
    handles = [
        Patch(**_PATCHES[mark]) if mark in _PATCHES else Line2D([], [], linestyle="", **_MARKERS[mark])
        for mark in marks
    ]
    below = (0, -_BAR / height)
    bar.ax.legend(handles, marks, loc="upper left", bbox_to_anchor=below, labelcolor=SMALL["color"])
    return _BESIDE + max(_BAR + longest(["0.0000"]), longest([heat.value_label]), _HANDLE + longest(marks))


def _cells(heat: HeatMap, panel: Map) -> Iterator[tuple[int, int, Cell | None]]:
    """Column and row of all places of a panel, with the cell there if it has one."""
    cells = {(square.x, square.y): square.cell for square in panel.squares}
    return ((i, j, cells.get((x, y))) for i, x in enumerate(heat.xs) for j, y in enumerate(heat.ys))


def _marks(cell: Cell | None) -> Iterator[str]:
    """The marks of a cell, or of a place without one."""
    if cell is None:
        yield MISSING
        return
    if cell.state == "failed":
        yield LOST
    if any(flag.startswith("diverged") for flag in cell.flags):
        yield DIVERGED
    if cell.mark == "best":
        yield BEST


def _limits(heat: HeatMap) -> tuple[float, float]:
    """The least and the greatest value, set apart if all are alike."""
    values = [square.cell.value for square in heat.squares if square.cell.state == "scored"]
    placed = [value for value in values if heat.declared.scale == "linear" or value > 0] or [1.0]
    lo, hi = min(placed), max(placed)
    apart = 0.0 if lo < hi else abs(lo) / 2 or 1.0
    return lo - apart, hi + apart


def _title(panel: Map) -> str:
    return f"{panel.title}{' (generated)' * panel.generated}"


def _texts(places: Sequence[Place]) -> list[str]:
    return [place if isinstance(place, str) else f"{place:g}" for place in places]
