"""The panels of a plot: lines with their bands, dots with their intervals, scales and ticks."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from harness.figures.arranged import Grid, grid_of
from harness.figures.declared import DeclaredFigure, Lines, Scale
from harness.figures.key import CHANCE, RING, handle
from harness.figures.plot import Line, Panel, Place, Plot
from harness.figures.style import Style
from harness.figures.text import FINE, Face, Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MplFigure

_BAND = 0.14
_TICK = Face(7.5)
_SOFT = "#7a7a7a"
_MOST_TICKS = 6
_LONG = 10_000
_ABOVE = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def draw_lines(figure: "MplFigure", plot: Plot, looks: Mapping[str, Style], measure: Measure, width: float) -> Grid:
    """Draw the panels of lines or curves, each about so many inches wide."""
    grid = grid_of(figure, [[bool(panel.lines) for panel in row] for row in plot.panels])
    for i, row in enumerate(plot.panels):
        for j, (panel, axes) in enumerate(zip(row, grid[i], strict=True)):
            if axes is None:
                continue
            words = _words(panel)
            for line in panel.lines:
                _draw_line(axes, line, looks[line.label], words)
            if panel.shows_chance(plot.declared.scale):
                _draw_chance(axes, panel, words)
            _scale_values(axes, "y", panel, plot.declared.scale)
            _scale_places(axes, panel, plot.declared, words, measure, width)
            for crossing in panel.crossings:
                axes.plot([crossing.x], [crossing.y], **RING)
                axes.axvline(crossing.x, color=_SOFT, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
                _say_where(axes, crossing.x, f"{float(f'{crossing.x:.2g}'):,g}")
            entitle(axes, panel.title, panel.generated)
            if j == 0 or panel.y_label != row[0].y_label:
                axes.set_ylabel(panel.y_label)
            if i == len(plot.panels) - 1 or j >= len(plot.panels[i + 1]):
                axes.set_xlabel(plot.x_label)
    return grid


def draw_dots(figure: "MplFigure", plot: Plot, looks: Mapping[str, Style]) -> Grid:
    """Draw the panels of dots: a row an entrant, the first one on top."""
    grid = grid_of(figure, [[bool(panel.lines) for panel in row] for row in plot.panels])
    kinds = dict(plot.styled)
    for i, row in enumerate(plot.panels):
        for j, (panel, axes) in enumerate(zip(row, grid[i], strict=True)):
            if axes is None:
                continue
            for line in panel.lines:
                cell, look = line.points[0].cell, looks[line.label]
                y = plot.labels.index(line.label)
                half = 0.0 if math.isnan(cell.half) else cell.half
                axes.errorbar([cell.value], [y], xerr=[half], capsize=2.5, elinewidth=look.width, **handle(look))
            axes.set_yticks(range(len(plot.labels)), plot.labels, parse_math=False)
            axes.set_ylim(len(plot.labels) - 0.5, -0.5)
            axes.tick_params(axis="y", length=0, labelleft=j == 0)
            for tick in axes.get_yticklabels():
                tick.set_fontweight("bold" if kinds.get(tick.get_text()) == "method" else "normal")
            _scale_values(axes, "x", panel, plot.declared.scale)
            if panel.shows_chance(plot.declared.scale):
                (chance,) = panel.chance.values()
                axes.axvline(chance, **CHANCE)
                _say_where(axes, chance, "chance")
            entitle(axes, panel.title, panel.generated)
            axes.set_xlabel(panel.y_label)
    return grid


def _draw_line(axes: "Axes", line: Line, look: Style, words: Sequence[str]) -> None:
    values = [point.cell.value for point in line.points]
    halves = [0.0 if math.isnan(point.cell.half) else point.cell.half for point in line.points]
    if line.level:
        axes.axhline(values[0], **handle(look, level=True))
        axes.axhspan(values[0] - halves[0], values[0] + halves[0], color=look.colour, alpha=_BAND / 2, linewidth=0)
        return
    xs = _numbers([point.x for point in line.points], words)
    lower = [value - half for value, half in zip(values, halves, strict=True)]
    upper = [value + half for value, half in zip(values, halves, strict=True)]
    if len(xs) == 1:  # a band needs two places
        axes.errorbar(xs, values, yerr=halves, capsize=2.5, elinewidth=look.width, **handle(look))
        return
    axes.fill_between(xs, lower, upper, color=look.colour, alpha=_BAND, linewidth=0, zorder=look.layer - 0.5)
    axes.plot(xs, values, **handle(look))


def _draw_chance(axes: "Axes", panel: Panel, words: Sequence[str]) -> None:
    """What guessing scores: a line across the panel, through all places where it differs between them."""
    values = list(panel.chance.values())
    if len(set(values)) == 1:
        axes.axhline(values[0], **CHANCE)
    else:
        axes.plot(_numbers(list(panel.chance), words), values, **CHANCE)


def _numbers(places: Sequence[Place], words: Sequence[str]) -> list[float]:
    """Places on the x axis as its numbers: words stand at 0, 1 ..."""
    return [float(words.index(place)) if isinstance(place, str) else place for place in places]


def _words(panel: Panel) -> list[str]:
    """The words on the x axis, in the order in which they were measured; none if it has numbers."""
    return list(dict.fromkeys(point.x for line in panel.lines for point in line.points if isinstance(point.x, str)))


def _scale_values(axes: "Axes", name: Literal["x", "y"], panel: Panel, scale: Scale) -> None:
    """Scale the axis of the values so that every mean and its interval lie on it; what a logarithm has no place for
    ends at the axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator, StrMethodFormatter

    axis = axes.xaxis if name == "x" else axes.yaxis
    lo, hi = panel.limits(scale)
    if scale == "linear":
        axis.set_view_interval(lo, hi, ignore=True)
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], min_n_ticks=4))
        if max(abs(lo), abs(hi)) >= _LONG:
            axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        return
    (axes.set_xscale if name == "x" else axes.set_yscale)("log", nonpositive="clip")
    axis.set_view_interval(lo, hi, ignore=True)
    decades = math.log10(hi / lo)
    subs = (1.0,) if decades > 2.2 else (1.0, 2.0, 5.0) if decades > 0.7 else tuple(map(float, range(1, 10)))
    write = power if decades > 2.2 and (lo < 1e-3 or hi > 1e5) else "{:,.6g}".format
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _scale_places(
    axes: "Axes", panel: Panel, figure: DeclaredFigure, words: Sequence[str], measure: Measure, width: float
) -> None:
    """Scale the x axis, with ticks where something was measured if these are few: as many as have room."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    scale: Scale = figure.x_scale if isinstance(figure, Lines) else "linear"
    write = "{:,g}".format if isinstance(figure, Lines) else short
    if words:
        axes.set_xticks(range(len(words)), words, parse_math=False)
        axes.set_xlim(-0.3, len(words) - 0.7)
        return
    places = sorted({float(point.x) for line in panel.lines if not line.level for point in line.points})
    if not places:
        axes.set_xticks([])
        return
    if scale != "linear":
        axes.set_xscale("log", base=2)
        axes.xaxis.set_minor_locator(NullLocator())
    if scale != "linear" or len(places) <= _MOST_TICKS:
        texts = list(map(write, places))
        axes.set_xticks(*_with_room(places, texts, measure, width, logarithmic=scale != "linear"))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))


def short(value: float) -> str:
    """A count in few characters: `8k`, `2.5M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def power(value: float) -> str:
    """A power of ten, with its exponent above."""
    return "10" + f"{round(math.log10(value))}".translate(_ABOVE)


def _with_room(
    places: Sequence[float], texts: Sequence[str], measure: Measure, width: float, *, logarithmic: bool
) -> tuple[list[float], list[str]]:
    """The ticks that do not touch: from the last one downwards."""
    along = [math.log(place) if logarithmic else place for place in places]
    per_inch = ((along[-1] - along[0]) or 1.0) / (0.7 * width)
    kept: list[int] = []
    for i in reversed(range(len(places))):
        if (
            not kept
            or (along[kept[-1]] - along[i]) / per_inch
            > _half(texts[i], measure) + _half(texts[kept[-1]], measure) + 0.05
        ):
            kept.append(i)
    return [places[i] for i in reversed(kept)], [texts[i] for i in reversed(kept)]


def _half(text: str, measure: Measure) -> float:
    return measure.width(text, _TICK) / 2


def _say_where(axes: "Axes", x: float, words: str) -> None:
    """A word at the foot of a vertical line."""
    axes.annotate(
        words,
        (x, 0),
        xycoords=("data", "axes fraction"),
        xytext=(2, 2),
        textcoords="offset points",
        fontsize=FINE.size,
        color=_SOFT,
    )


def entitle(axes: "Axes", title: str, generated: bool) -> None:
    """Write above axes where in the figure they stand, and that their data is generated."""
    axes.set_title(f"{title}{' (generated)' if generated else ''}", loc="left", parse_math=False)
