"""Draws plots: panels of lines with their bands, or of dots with their intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure

from harness.figures.declared import Curves, Dots, Lines
from harness.figures.drawing.body import Body, longest
from harness.figures.drawing.legend import add_legend
from harness.figures.drawing.scales import scale_places, scale_values
from harness.figures.drawing.style import CHANCE, RING, SOFT, Style, styles
from harness.figures.plot import Line, Panel, Place, Plot

_WIDTHS = {1: 4.4, 2: 3.2, 3: 2.6, 4: 2.2}
_HEIGHTS = {1: 3.0, 2: 2.6, 3: 2.2, 4: 2.0}
"""Inches of a panel, its labels included, by the number of columns; more where these are longer."""
_TICKS = 0.5
"""Inches that the ticks of an axis and its label take beside it."""
_DOT, _DOTS, _LABELS = 0.21, 0.75, 1.1
"""Inches of an entrant's row of dots, of all else in the height of a panel of dots, and of the entrants' names."""
_BESIDE = 0.1
"""Inches between panels and legend."""
_BAND = 0.14
"""Opacity of the band around a line."""


def draw_plot(drawn: MplFigure, plot: Plot) -> Body:
    """Draw the panels of a plot; lines have a legend beside them, dots have their entrants' names on the axis."""
    looks, is_dots = styles(plot.styled), isinstance(plot.declared, Dots)
    rows, columns = len(plot.panels), max(map(len, plot.panels))
    panels = [panel for row in plot.panels for panel in row if panel.lines]
    values = [panel.y_label for panel in panels]
    across = [*map(_title, panels), *(values if is_dots else [plot.x_label])]
    width = max(_WIDTHS[columns], longest(across) + _TICKS)
    grid = drawn.add_gridspec(rows, columns)
    for i, row in enumerate(plot.panels):
        for j, panel in enumerate(row):
            if not panel.lines:
                continue
            axes = drawn.add_subplot(grid[i, j])
            axes.set_title(_title(panel))
            if is_dots:
                _draw_dots(axes, panel, plot, looks, is_first=j == 0)
                continue
            _draw_lines(axes, panel, plot, looks, 0.7 * width)
            if j == 0 or panel.y_label != row[0].y_label:
                axes.set_ylabel(panel.y_label)
            if i == rows - 1 or j >= len(plot.panels[i + 1]):
                axes.set_xlabel(plot.x_label)
    if is_dots:
        return Body(width * columns + _LABELS, (_DOTS + _DOT * len(plot.labels)) * rows)
    height = max(_HEIGHTS[columns], longest(values)) * rows
    legend = add_legend(drawn, plot, looks).get_window_extent()
    beside, whole = legend.width / drawn.dpi + _BESIDE, max(height, legend.height / drawn.dpi)
    return Body(width * columns + beside, whole, legend=beside, below=whole - height)


def _draw_lines(axes: Axes, panel: Panel, plot: Plot, looks: Mapping[str, Style], width: float) -> None:
    words = list(dict.fromkeys(point.x for line in panel.lines for point in line.points if isinstance(point.x, str)))
    for line in panel.lines:
        _draw_line(axes, line, looks[line.label], words)
    if panel.shows_chance(plot.declared.scale):
        values = list(panel.chance.values())
        if len(set(values)) == 1:
            axes.axhline(values[0], **CHANCE)
        else:
            axes.plot(_numbers(list(panel.chance), words), values, **CHANCE)
    scale_values(axes, "y", panel.limits(plot.declared.scale), plot.declared.scale)
    places = sorted({float(point.x) for line in panel.lines if not line.level for point in line.points if not words})
    if words:
        axes.set_xticks(range(len(words)), words)
        axes.set_xlim(-0.3, len(words) - 0.7)
    elif places:
        scale = plot.declared.x_scale if isinstance(plot.declared, Lines) else "linear"
        scale_places(axes, places, scale, width, counts=isinstance(plot.declared, Curves))
    else:
        axes.set_xticks([])
    for crossing in panel.crossings:
        axes.plot([crossing.x], [crossing.y], **RING)
        axes.axvline(crossing.x, color=SOFT, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        _say_where(axes, crossing.x, f"{float(f'{crossing.x:.2g}'):,g}")


def _draw_line(axes: Axes, line: Line, look: Style, words: Sequence[str]) -> None:
    # Where there is no interval its ends are NaN, and nothing is drawn of it.
    values = np.array([point.cell.value for point in line.points])
    lower, upper = np.array([point.cell.interval for point in line.points]).T
    if line.level:
        axes.axhline(values[0], **look.line(level=True))
        axes.axhspan(lower[0], upper[0], color=look.colour, alpha=_BAND / 2, linewidth=0)
        return
    xs = _numbers([point.x for point in line.points], words)
    if len(xs) == 1:  # a band needs two places
        axes.errorbar(
            xs, values, yerr=[values - lower, upper - values], capsize=2.5, elinewidth=look.width, **look.line()
        )
        return
    axes.fill_between(xs, lower, upper, color=look.colour, alpha=_BAND, linewidth=0, zorder=look.layer - 0.5)
    axes.plot(xs, values, **look.line())


def _draw_dots(axes: Axes, panel: Panel, plot: Plot, looks: Mapping[str, Style], *, is_first: bool) -> None:
    """Draw a row for each entrant, the first one on top."""
    for line in panel.lines:
        cell, look = line.points[0].cell, looks[line.label]
        place = [cell.value], [plot.labels.index(line.label)]
        reach = [[cell.value - cell.interval.lo], [cell.interval.hi - cell.value]]
        axes.errorbar(*place, xerr=reach, capsize=2.5, elinewidth=look.width, **look.line())
    axes.set_yticks(range(len(plot.labels)), plot.labels)
    axes.set_ylim(len(plot.labels) - 0.5, -0.5)
    axes.tick_params(axis="y", left=False, labelleft=is_first)
    kinds = dict(plot.styled)
    for tick in axes.get_yticklabels() if is_first else ():
        tick.set_fontweight("bold" if kinds.get(tick.get_text()) == "method" else "normal")
    scale_values(axes, "x", panel.limits(plot.declared.scale), plot.declared.scale)
    if panel.shows_chance(plot.declared.scale):
        (chance,) = panel.chance.values()
        axes.axvline(chance, **CHANCE)
        _say_where(axes, chance, "chance")
    axes.set_xlabel(panel.y_label)


def _title(panel: Panel) -> str:
    return f"{panel.title}{' (generated)' * panel.generated}"


def _numbers(places: Sequence[Place], words: Sequence[str]) -> list[float]:
    """Places on the x axis as its numbers: words stand at 0, 1 ..."""
    return [float(words.index(place)) if isinstance(place, str) else place for place in places]


def _say_where(axes: Axes, x: float, words: str) -> None:
    """A word at the foot of a vertical line."""
    foot: Any = {"xycoords": ("data", "axes fraction"), "xytext": (2, 2), "textcoords": "offset points"}
    axes.annotate(words, (x, 0), **foot, fontsize=6.5, color=SOFT)
