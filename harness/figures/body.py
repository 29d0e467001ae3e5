"""The body of a figure, between its title and its notes: how large it is, and how it is drawn."""

from typing import TYPE_CHECKING, Protocol

from harness.figures.arranged import Area, arrange
from harness.figures.axes import draw_dots, draw_lines
from harness.figures.key import Key
from harness.figures.plot import Plot
from harness.figures.style import styles
from harness.figures.text import Measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

MARGIN = 0.12
"""Inches left free around the body."""

_WIDTHS = {1: 4.4, 2: 3.2, 3: 2.6, 4: 2.2}
_HEIGHTS = {1: 3.0, 2: 2.6, 3: 2.2, 4: 2.0}
"""Inches of a panel, its labels included, by the number of columns."""
_DOT, _DOTS, _LABELS = 0.21, 0.75, 1.1
"""Inches of an entrant's row of dots, of what a panel of them has besides, and of the entrants' names."""


class Body(Protocol):
    """What is drawn. Sizes are inches, margins included."""

    width: float
    height: float

    def draw(self, figure: "MplFigure", top: float) -> None:
        """Draw it over the figure's whole width, from so many inches below its upper edge on."""
        ...


class LinesBody:
    """Panels of lines or curves, beside them the key."""

    def __init__(self, plot: Plot, measure: Measure) -> None:
        self._plot, self._measure, self._looks = plot, measure, styles(plot.styled)
        self._key = Key(plot, self._looks, measure)
        columns = max(map(len, plot.panels))
        self._panel = _WIDTHS[columns]
        self._area = _WIDTHS[columns] * columns, _HEIGHTS[columns] * len(plot.panels)
        self.width = self._area[0] + self._key.width
        self.height = max(self._area[1], self._key.height)

    def draw(self, figure: "MplFigure", top: float) -> None:
        width, height = self._area
        grid = draw_lines(figure, self._plot, self._looks, self._measure, self._panel)
        arrange(figure, grid, Area(MARGIN, top, width - 2 * MARGIN, height))
        self._key.draw(figure, width, top)


class DotsBody:
    """Panels of dots, which need no key."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        columns = max(map(len, plot.panels))
        self.width = _WIDTHS[columns] * columns + _LABELS
        self.height = (_DOTS + _DOT * len(plot.labels)) * len(plot.panels)

    def draw(self, figure: "MplFigure", top: float) -> None:
        grid = draw_dots(figure, self._plot, styles(self._plot.styled))
        arrange(figure, grid, Area(MARGIN, top, self.width - 2 * MARGIN, self.height))
