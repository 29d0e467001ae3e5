"""The legend beside the panels: how each entrant is drawn, and the slopes that were fitted to it."""

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure as MplFigure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from harness.figures.declared import Lines
from harness.figures.drawing.style import CHANCE, RING, SMALL, Style
from harness.figures.plot import Plot, Slope

_HANDLE, _GAP, _ROW = 3.4, 0.9, 0.8
"""Width of a handle, width of a gap, and height of a gap between rows, as multiples of the font size."""


def add_legend(drawn: MplFigure, plot: Plot, looks: Mapping[str, Style]) -> Legend:
    """Add the legend to a figure: a row for each entrant, for crossings and for chance, and a column of slopes for each
    panel that has them."""
    panels = [panel for row in plot.panels for panel in row if panel.lines]
    fitted = [panel for panel in panels if panel.slopes]
    levels = {line.label for panel in panels for line in panel.lines if line.level}
    names: dict[str, Mapping[str, Any]] = {label: looks[label].line(level=label in levels) for label in plot.labels}
    if any(panel.crossings for panel in panels):
        names["overtakes"] = RING
    if any(panel.shows_chance(plot.declared.scale) for panel in panels):
        names["chance"] = CHANCE
    handles, texts = [Line2D([], [], **look) for look in names.values()], list(names)
    blank = Line2D([], [], linestyle="")
    heads = [panel.y_label.partition(" ")[0] for panel in fitted] if len(fitted) > 1 else []
    if heads:
        handles, texts = [blank, *handles], ["", *texts]
    rows = len(texts)
    for i, panel in enumerate(fitted):
        slopes = [_spelled(panel.slopes.get(label)) for label in plot.labels]
        texts += [*heads[i : i + 1], *slopes, *[""] * (len(names) - len(slopes))]
    legend = drawn.legend(
        [*handles, *[blank] * (rows * len(fitted))],
        texts,
        loc="upper right",
        title=_title(plot) if fitted else None,
        alignment="right",
        ncols=1 + len(fitted),
        handlelength=_HANDLE,
        handletextpad=_GAP,
        columnspacing=-_HANDLE,  # Slopes have no handle: the room that each column leaves for them is taken back.
        labelspacing=_ROW,
    )
    kinds = dict(plot.styled)
    for text in legend.get_texts():
        label = text.get_text()
        text.set_fontweight("bold" if kinds.get(label) == "method" and "[" not in label else "normal")
        text.set_color("black" if label in kinds else SMALL["color"])
    legend.get_title().set_color(SMALL["color"])
    return legend


def _title(plot: Plot) -> str:
    """What the columns of slopes are called."""
    return f"slope, {plot.declared.x} from {plot.declared.slope_from:,g} on" if isinstance(plot.declared, Lines) else ""


def _spelled(slope: Slope | None) -> str:
    if slope is None:
        return "-"
    value = f"{round(slope.value, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")  # never -0.00
    if math.isnan(slope.half):
        return value
    return f"{value} ± {slope.half:.2f}" if slope.half >= 0.005 else f"{value} ± <0.01"
