"""Draws a plot: the panels, beside them the key, above them what it is, below them what must be read with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.report.comparable import numbers
from harness.report.figures.arranged import Area, arrange
from harness.report.figures.axes import draw_dots, draw_lines
from harness.report.figures.declared import Dots
from harness.report.figures.key import Key
from harness.report.figures.plot import Plot
from harness.report.figures.style import styles
from harness.report.figures.text import FINE, SMALL, TITLE, Measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SETTINGS: Any = {
    "figure.dpi": 200,
    "font.family": ["DejaVu Sans"],
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#4a4a4a",
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e2",
    "grid.linewidth": 0.6,
    "xtick.color": "#4a4a4a",
    "ytick.color": "#4a4a4a",
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "svg.fonttype": "none",
    "text.hinting": "no_autohint",
}

_WIDTHS = {1: 4.4, 2: 3.2, 3: 2.6, 4: 2.2}
_HEIGHTS = {1: 3.0, 2: 2.6, 3: 2.2, 4: 2.0}
"""Inches of a panel, its labels included, by the number of columns."""
_DOT, _DOTS, _LABELS = 0.21, 0.75, 1.1
"""Inches of an entrant's row of dots, of what a panel of them has besides, and of the entrants' names."""
_MARGIN = 0.12


@contextmanager
def settings(plot: Plot) -> Iterator[None]:
    """Within it a plot is drawn and written: with the library's defaults and ours, whatever the user's are."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        mpl.rcParams["svg.hashsalt"] = plot.name
        yield


def draw(plot: Plot) -> "Figure":
    """The figure; to be called, and its result written, within `settings`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure, measure = Figure(), Measure()
    FigureCanvasAgg(figure)
    columns, rows = max(map(len, plot.panels)), len(plot.panels)
    looks = styles(plot.styled)
    key = Key(plot, looks, measure)
    is_dots = isinstance(plot.figure, Dots)
    width = _WIDTHS[columns] * columns + (_LABELS if is_dots else 0.0)
    height = (_DOTS + _DOT * len(plot.labels) if is_dots else _HEIGHTS[columns]) * rows
    body = height if is_dots else max(height, key.height)
    full = width if is_dots else width + key.width
    about = f"{plot.heading}. {plot.figure.about}".strip()
    head = measure.block([(plot.figure.title, TITLE), (about, SMALL)], full - 2 * _MARGIN)
    notes = [(f"- {note}", SMALL) for note in plot.notes]
    foot = measure.block([*notes, (_footer(plot), FINE)], full - 2 * _MARGIN)
    figure.set_size_inches(full, head.height + body + foot.height)
    area = Area(_MARGIN, head.height, width - 2 * _MARGIN, height)
    if is_dots:
        arrange(figure, draw_dots(figure, plot, looks), area)
    else:
        arrange(figure, draw_lines(figure, plot, looks, measure, _WIDTHS[columns]), area)
        key.draw(figure, width, head.height)
    head.draw(figure, _MARGIN, 0.0)
    foot.draw(figure, _MARGIN, head.height + body)
    return figure


def _footer(plot: Plot) -> str:
    """How values came about and what they were made from."""
    made = plot.made
    several = len(made.seeds) > 1
    spread = (
        "with its 90 % t interval (none: seeds that do not vary)" if several else "of one seed, without an interval"
    )
    facts = [
        f"Task {plot.task}, version {made.version}",
        f"tier {plot.tier}",
        f"data: {', '.join(made.data)}",
        f"seeds: {numbers(made.seeds)}",
        f"budget: {'; '.join(made.budget)}",
        f"device: {'; '.join(made.devices)}",
        f"commit: {', '.join(made.commits) or 'unknown'}",
        f"{made.records} records, digest {made.digest}",
    ]
    return f"Mean over seeds {spread}. {'; '.join(facts)}."
