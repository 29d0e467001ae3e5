"""The key beside the panels: how each entrant is drawn, and what was fitted to it."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.figures.declared import Lines
from harness.figures.plot import Panel, Plot, Slope
from harness.figures.style import Style
from harness.figures.text import SMALL, Face, Measure, write

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

_ROW, _HANDLE, _GAP, _MARGIN = 0.19, 0.36, 0.09, 0.1
_NAME = Face(7.5)
_METHOD = Face(7.5, "bold")

CHANCE: Mapping[str, Any] = {"color": "#7a7a7a", "linewidth": 1.0, "linestyle": (0, (1, 2)), "zorder": 1}
"""The line of what guessing scores."""
RING: Mapping[str, Any] = {
    "marker": "o",
    "markersize": 9,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 1.1,
    "linestyle": "",
    "zorder": 8,
}
"""The mark of a crossing."""


class Key:
    """A grid: a handle, a name, and a column for what was fitted in each panel. Sizes are inches."""

    def __init__(self, plot: Plot, looks: Mapping[str, Style], measure: Measure) -> None:
        self._looks = looks
        kinds = dict(plot.styled)
        panels = [panel for row in plot.panels for panel in row if panel.slopes]
        self._faces = {
            label: _METHOD if kinds[label] == "method" and "[" not in label else _NAME for label in plot.labels
        }
        self._fits = [[_spell(panel.slopes.get(label)) for panel in panels] for label in plot.labels]
        self._heads = self._heading(plot, panels)
        self._marks = _marks(plot)
        self._levels = {line.label for row in plot.panels for panel in row for line in panel.lines if line.level}
        written = [*self._faces.items(), *((name, SMALL) for name in self._marks)]
        names = max((measure.width(text, face) for text, face in written), default=0.0)
        self._starts = [_MARGIN + _HANDLE + _GAP + names + _GAP]
        for i, head in enumerate(self._heads[1:]):
            texts = [head, *(fits[i] for fits in self._fits)]
            self._starts.append(self._starts[-1] + max(measure.width(text, SMALL) for text in texts) + 1.5 * _GAP)
        above = measure.width(self._heads[0], SMALL) + _MARGIN if self._heads else 0.0
        self.width = max(self._starts[-1], self._starts[0] + above, 1.1)
        self.height = _ROW * (len(self._faces) + len(self._marks) + bool(self._heads) * 2 + 1)

    @staticmethod
    def _heading(plot: Plot, panels: "list[Panel]") -> list[str]:
        if not panels or not isinstance(plot.declared, Lines):
            return []
        several = len(panels) > 1
        above = f"slope, {plot.declared.x} from {plot.declared.slope_from:,g} on"
        return [above, *((panel.y_label.partition(" ")[0] if several else "") for panel in panels)]

    def draw(self, figure: "MplFigure", left: float, top: float) -> None:
        """Draw the key into a figure, from so many inches right of its left and below its upper edge on."""
        names, y = left + _MARGIN + _HANDLE + _GAP, top + _ROW
        if self._heads:
            write(figure, left + self._starts[0], y, self._heads[0], SMALL, "center")
            for start, head in zip(self._starts, self._heads[1:], strict=False):
                write(figure, left + start, y + _ROW, head, SMALL, "center")
            y += 2 * _ROW
        for (label, face), fits in zip(self._faces.items(), self._fits, strict=True):
            _draw_handle(figure, left + _MARGIN, y, handle(self._looks[label], label in self._levels))
            write(figure, names, y, label, face, "center")
            for start, fit in zip(self._starts, fits, strict=False):
                write(figure, left + start, y, fit, SMALL, "center")
            y += _ROW
        for name, mark in self._marks.items():
            _draw_handle(figure, left + _MARGIN, y, mark)
            write(figure, names, y, name, SMALL, "center")
            y += _ROW


def _draw_handle(figure: "MplFigure", left: float, top: float, look: Mapping[str, Any]) -> None:
    from matplotlib.lines import Line2D

    width, height = figure.get_size_inches()
    # A ring stands for a place, and is one.
    xs = [left, left + _HANDLE] if look["linestyle"] else [left + _HANDLE / 2]
    ys = [1 - top / height] * len(xs)
    figure.add_artist(Line2D([x / width for x in xs], ys, transform=figure.transFigure, **look))


def _marks(plot: Plot) -> dict[str, Mapping[str, Any]]:
    """What is drawn beside entrants."""
    panels = [panel for row in plot.panels for panel in row if panel.lines]
    marks = {"overtakes": RING} if any(panel.crossings for panel in panels) else {}
    return marks | ({"chance": CHANCE} if any(panel.shows_chance(plot.declared.scale) for panel in panels) else {})


def handle(look: Style, level: bool = False) -> dict[str, Any]:
    """How a line of that look is drawn."""
    return {
        "color": look.colour,
        "linestyle": look.dashes,
        "linewidth": look.width,
        "marker": "" if level else look.marker,
        "markersize": 5.6 if look.width > 2 else 4.2,
        "markerfacecolor": look.colour if look.filled else "white",
        "markeredgecolor": look.colour,
        "markeredgewidth": 0.9,
        "zorder": look.layer,
    }


def _spell(slope: Slope | None) -> str:
    if slope is None:
        return "-"
    value = f"{round(slope.value, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")  # never -0.00
    if math.isnan(slope.half):
        return value
    return f"{value} ± {slope.half:.2f}" if slope.half >= 0.005 else f"{value} ± <0.01"
