"""Heat maps as they are drawn: squares of colour with their numbers, beside them the scale of colours and the marks."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.figures import marks
from harness.figures.arranged import Area, Grid, arrange, axes_at, grid_of
from harness.figures.axes import entitle, power
from harness.figures.body import MARGIN
from harness.figures.colours import Colours
from harness.figures.heat import HeatMap, Map, Square
from harness.figures.plot import Place
from harness.figures.text import SMALL, Face, Measure, write
from harness.tables.text import decimals, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as MplFigure

_SQUARE, _LEAST = (0.44, 0.28), (1.1, 0.7)
_MOST = {1: (4.0, 2.8), 2: (2.7, 2.4), 3: (2.1, 2.0), 4: (2.0, 1.8)}
"""Inches of a square, and at least and at most of a panel, by the number of columns."""
_BESIDE, _ABOVE, _LABEL = 0.3, 0.42, 0.28
"""Inches: between panels; of a panel's title and ticks; of what the axes are called."""
_BAR, _LEAST_BAR, _MOST_BAR = 0.14, 1.0, 2.0
"""Inches: width of the bar of colours, and its least and most height."""
_ROW, _HANDLE, _HIGH = 0.19, 0.2, 0.13
"""Inches: height of a row of the key; width and height of a mark in there."""
_TITLE, _TICK, _NUMBER = Face(8.0), Face(7.5), Face(6.5)
_APART, _LINE = 0.08, 0.13
"""Inches that texts need between them, and a line of them in height."""
_PIXELS = 24
"""Pixels of a square. They are alike and take no room in a file, and where a viewer smooths rasters, few show it."""


class HeatBody:
    """Panels of squares, beside them the scale of colours that they share."""

    def __init__(self, sheet: HeatMap, measure: Measure) -> None:
        self._sheet, self._measure, self._colours = sheet, measure, Colours(sheet)
        self._xs, self._ys = sheet.xs, sheet.ys
        self._x_texts, self._y_texts = (spelled(places) for places in (self._xs, self._ys))
        columns, rows = max(map(len, sheet.panels)), len(sheet.panels)
        titles = [f"{panel.title}{' (generated)' * panel.generated}" for row in sheet.panels for panel in row]
        across, up = (
            min(max(many * size, least), most)
            for many, size, least, most in zip(
                (len(self._xs), len(self._ys)), _SQUARE, _LEAST, _MOST[columns], strict=True
            )
        )
        self._panel = max(across, self._longest(titles, _TITLE)), up
        self._used = marks.used(sheet)
        ticks = self._longest([text for _, text in self._colours.ticks()], _TICK)
        label = self._longest([sheet.value_label], _TITLE)
        key = max(_BAR + ticks + _APART, label, _HANDLE + _APART + self._longest(self._used, SMALL))
        names = _LABEL + self._longest(self._y_texts, _TICK)
        self._area = MARGIN + names + columns * (self._panel[0] + _BESIDE), rows * (up + _ABOVE) + _LABEL
        self._under = _ROW * (len(self._used) + 1)
        self.width = self._area[0] + key + 2 * MARGIN
        self.height = max(self._area[1], _LEAST_BAR + self._under + _LABEL)

    def draw(self, figure: "MplFigure", top: float) -> None:
        panels = self._sheet.panels
        grid = grid_of(figure, [[bool(panel.squares) for panel in row] for row in panels])
        for i, row in enumerate(panels):
            for j, (panel, axes) in enumerate(zip(row, grid[i], strict=True)):
                if axes is not None:
                    self._draw_panel(axes, panel)
                    is_lowest = i == len(panels) - 1 or j >= len(panels[i + 1]) or grid[i + 1][j] is None
                    self._label(axes, is_lowest=is_lowest, is_first=not any(grid[i][:j]))
        arrange(figure, grid, Area(MARGIN, top, self._area[0] - MARGIN, self._area[1]))
        self._write_numbers(figure, grid)
        self._draw_key(figure, top)

    def _draw_panel(self, axes: "Axes", panel: Map) -> None:
        right, upper = len(self._xs) - 0.5, len(self._ys) - 0.5
        axes.imshow(
            self._pixels(panel.squares),
            extent=(-0.5, right, -0.5, upper),
            origin="lower",
            aspect="auto",
            interpolation="none",
        )
        axes.set_xlim(-0.5, right)
        # Words are read from above.
        axes.set_ylim(*((upper, -0.5) if isinstance(self._ys[0], str) else (-0.5, upper)))
        cells = {(square.x, square.y): square.cell for square in panel.squares}
        for i, x in enumerate(self._xs):
            for j, y in enumerate(self._ys):
                marks.mark(axes, cells.get((x, y)), i, j)
        _frame(axes)
        entitle(axes, panel.title, panel.generated)

    def _pixels(self, squares: Sequence[Square]) -> NDArray[np.uint8]:
        """The squares' colours, U8[y x 4], each in many pixels."""
        values = np.full((len(self._ys), len(self._xs)), math.nan)
        for square in squares:
            values[self._ys.index(square.y), self._xs.index(square.x)] = square.cell.value
        return self._colours.of(values).repeat(_PIXELS, axis=0).repeat(_PIXELS, axis=1)

    def _label(self, axes: "Axes", *, is_lowest: bool, is_first: bool) -> None:
        """Name the places on the axes, as many as have room, at the edges of the figure alone."""
        across, up = self._panel[0] / len(self._xs), self._panel[1] / len(self._ys)
        _name(axes.xaxis, self._x_texts, (self._longest(self._x_texts, _TICK) + _APART) / across)
        _name(axes.yaxis, self._y_texts, _LINE / up)
        axes.tick_params(labelbottom=is_lowest, labelleft=is_first)
        axes.set_xlabel(self._sheet.x_label if is_lowest else "")
        axes.set_ylabel(self._sheet.y_label if is_first else "")

    def _write_numbers(self, figure: "MplFigure", grid: Grid) -> None:
        """Write each square's number into it, if all have room."""
        scored = [square.cell for square in self._sheet.squares if square.cell.state == "scored"]
        digits = decimals(scored)
        longest = self._longest([number(cell.value, digits) for cell in scored], _NUMBER)
        size = figure.get_size_inches()
        for row, there in zip(self._sheet.panels, grid, strict=True):
            for panel, axes in zip(row, there, strict=True):
                if axes is None:
                    continue
                box = axes.get_position()
                width, height = box.width * size[0] / len(self._xs), box.height * size[1] / len(self._ys)
                if longest + _APART > width or height < _LINE:
                    return
                for square in (square for square in panel.squares if square.cell.state == "scored"):
                    axes.text(
                        self._xs.index(square.x),
                        self._ys.index(square.y),
                        number(square.cell.value, digits),
                        fontsize=_NUMBER.size,
                        color=self._colours.on(square.cell.value),
                        horizontalalignment="center",
                        verticalalignment="center_baseline",
                    )

    def _draw_key(self, figure: "MplFigure", top: float) -> None:
        """Draw the scale of colours, and below it what marks mean."""
        left = self._area[0] + MARGIN
        write(figure, left, top + _LABEL / 2, self._sheet.value_label, _TITLE, "center")
        top += _LABEL
        high = min(self.height - _LABEL - self._under, _MOST_BAR)
        axes = axes_at(figure, Area(left, top, _BAR, high))
        axes.imshow(self._colours.steps(), extent=(0, 1, 0, 1), origin="lower", aspect="auto", interpolation="none")
        ticks = self._colours.ticks()
        axes.set_xticks([])
        axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks], parse_math=False)
        axes.yaxis.tick_right()
        _frame(axes)
        top += high + _ROW
        for name in self._used:
            handle = axes_at(figure, Area(left, top - _HIGH / 2, _HANDLE, _HIGH))
            handle.set_axis_off()
            handle.set(xlim=(-0.5, 0.5), ylim=(-0.5, 0.5))
            marks.show(handle, name)
            write(figure, left + _HANDLE + _APART, top, name, SMALL, "center")
            top += _ROW

    def _longest(self, texts: Sequence[str], face: Face) -> float:
        return max((self._measure.width(text, face) for text in texts), default=0.0)


def spelled(places: Sequence[Place]) -> list[str]:
    """Places in few characters: `0.003`, `100`, `3·10⁻⁵`; all as powers of ten if they are, and one is too long."""
    far = [place for place in places if not isinstance(place, str) and not _is_short(place)]
    if far and all(not isinstance(place, str) and place > 0 and _parts(place)[0] == "1" for place in places):
        return [power(place) for place in places if not isinstance(place, str)]
    return list(map(_spelled, places))


def _spelled(place: Place) -> str:
    if isinstance(place, str) or _is_short(place):
        return place if isinstance(place, str) else f"{place:g}"
    share, ten = _parts(place)
    return power(ten) if share == "1" else f"{share}·{power(ten)}"


def _is_short(place: float) -> bool:
    return place == 0 or 1e-3 <= abs(place) < 1e5


def _parts(place: float) -> tuple[str, float]:
    """A number as a power of ten and what it is times."""
    ten = 10.0 ** math.floor(math.log10(abs(place)))
    return f"{place / ten:.3g}", ten


def _name(axis: "Axis", texts: Sequence[str], needs: float) -> None:
    """Ticks at places, each of which needs the room of so many."""
    at = range(0, len(texts), max(1, math.ceil(needs)))
    axis.set_ticks(list(at), [texts[i] for i in at], parse_math=False)


def _frame(axes: "Axes") -> None:
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
