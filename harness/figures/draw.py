"""Draws a figure: its body, above it what it is, below it what must be read with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.core.words import listed
from harness.figures.body import MARGIN, Body, DotsBody, LinesBody
from harness.figures.declared import Dots
from harness.figures.film import FilmStrips
from harness.figures.heat import HeatMap
from harness.figures.plot import Figure, Plot
from harness.figures.squares import HeatBody
from harness.figures.strips import FilmBody
from harness.figures.text import FINE, SMALL, TITLE, Measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

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


@contextmanager
def settings(sheet: Figure) -> Iterator[None]:
    """Within it a figure is drawn and written: with the library's defaults and ours, whatever the user's are."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        mpl.rcParams["svg.hashsalt"] = sheet.name
        yield


def draw(sheet: Figure) -> "MplFigure":
    """The figure; to be called, and its result written, within `settings`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as MplFigure

    figure, measure = MplFigure(), Measure()
    FigureCanvasAgg(figure)
    body = _body(sheet, measure)
    about = f"{sheet.heading}. {sheet.declared.about}".strip()
    head = measure.block([(sheet.declared.title, TITLE), (about, SMALL)], body.width - 2 * MARGIN)
    notes = [(f"- {note}", SMALL) for note in sheet.notes]
    foot = measure.block([*notes, (_footer(sheet), FINE)], body.width - 2 * MARGIN)
    figure.set_size_inches(body.width, head.height + body.height + foot.height)
    body.draw(figure, head.height)
    head.draw(figure, MARGIN, 0.0)
    foot.draw(figure, MARGIN, head.height + body.height)
    return figure


def _body(sheet: Figure, measure: Measure) -> Body:
    match sheet:
        case HeatMap():
            return HeatBody(sheet, measure)
        case FilmStrips():
            return FilmBody(sheet, measure)
        case Plot(declared=Dots()):
            return DotsBody(sheet)
        case Plot():
            return LinesBody(sheet, measure)
    raise TypeError(f"nothing draws a {type(sheet).__name__}")


def _footer(sheet: Figure) -> str:
    """How what is drawn came about and what it was made from."""
    made = sheet.made
    facts = [
        f"Task {sheet.task}, version {made.version}",
        f"tier {sheet.tier}",
        f"data: {', '.join(made.data)}",
        f"seeds: {listed(made.seeds)}",
        f"budget: {'; '.join(made.budget)}",
        f"device: {'; '.join(made.devices)}",
        f"commit: {', '.join(made.commits) or 'unknown'}",
        f"{made.records} records, digest {made.digest}",
    ]
    return f"{sheet.reading} {'; '.join(facts)}."
