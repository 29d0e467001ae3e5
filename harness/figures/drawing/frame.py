"""Draws a figure: title and description, the body, notes and provenance."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MplFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import ScaledTranslation

from harness.figures.drawing.body import Body
from harness.figures.drawing.film import draw_film
from harness.figures.drawing.heat import draw_heat
from harness.figures.drawing.plot import draw_plot
from harness.figures.drawing.style import FINE, SMALL, TITLE
from harness.figures.film import FilmStrips
from harness.figures.heat import HeatMap
from harness.figures.plot import Figure, Plot

_STYLE = Path(__file__).with_name("figures.mplstyle")
_MARGIN, _PADDING = 0.12, 0.06
"""Inches left free beside texts, and above and below them."""
_LINE, _LETTER = 1.35, 0.56 / 72
"""Height of a line as a multiple of the font size; inches of a character for each point of it, of which most lines need
less."""
_DIGITS = 5
"""Decimals to which panels' positions, as shares of the figure, are rounded. The solver of the layout adds up in an
order that depends on addresses in memory, so that the last decimals, and with them the files, would differ from one
process to another."""


@contextmanager
def settings(figure: Figure) -> Iterator[None]:
    """A context in which a figure is drawn and written with our style, whatever the user's own settings are."""
    with mpl.style.context(_STYLE, after_reset=True):
        mpl.rcParams["svg.hashsalt"] = figure.name
        yield


def draw(figure: Figure) -> MplFigure:
    """Draw a figure; call this, and write the result, within `settings`."""
    drawn = MplFigure()
    FigureCanvasAgg(drawn)
    body = _draw_body(drawn, figure)
    about = f"{figure.heading}. {figure.declared.about}".strip()
    head = _write(drawn, [(figure.declared.title, TITLE), (about, SMALL)], body.width, 0.0)
    notes = [(f"- {note}", SMALL) for note in figure.notes]
    end = _write(drawn, [*notes, (_footer(figure), FINE)], body.width, head + body.height)
    drawn.set_size_inches(body.width, end)
    _arrange(drawn, body, head)
    return drawn


def _draw_body(drawn: MplFigure, figure: Figure) -> Body:
    match figure:
        case HeatMap():
            return draw_heat(drawn, figure)
        case FilmStrips():
            return draw_film(drawn, figure)
        case Plot():
            return draw_plot(drawn, figure)
    raise TypeError(f"nothing draws a {type(figure).__name__}")


def _write(drawn: MplFigure, texts: Sequence[tuple[str, Mapping[str, Any]]], width: float, top: float) -> float:
    """Write texts below each other, wrapped to a width, from `top` on; return where the last one ends. `top` and the
    result are inches below the figure's upper edge."""
    top += _PADDING
    for text, face in texts:
        words = textwrap.fill(text, int((width - 2 * _MARGIN) / (_LETTER * face["fontsize"])))
        corner = drawn.transFigure + ScaledTranslation(_MARGIN, -top, drawn.dpi_scale_trans)
        written = drawn.text(0, 1, words, verticalalignment="top", linespacing=_LINE, transform=corner, **face)
        top += written.get_window_extent().height / drawn.dpi
    return top + _PADDING


def _arrange(drawn: MplFigure, body: Body, top: float) -> None:
    """Lay out the panels and the legend of a body that begins `top` inches below the figure's upper edge."""
    width, height = drawn.get_size_inches()
    for legend in drawn.legends:
        legend.set_bbox_to_anchor((1 - _MARGIN / width, 1 - top / height), drawn.transFigure)
    # The layout leaves the gap free at the outer edges, too; there the margin stands instead.
    left, lower = _MARGIN - body.gap, height - top - body.height + body.below - body.gap
    across, up = width - body.legend - 2 * left, body.height - body.below + 2 * body.gap
    rect = left / width, lower / height, across / width, up / height
    ConstrainedLayoutEngine(w_pad=body.gap, h_pad=body.gap, rect=rect).execute(drawn)
    for axes in drawn.axes:
        left, bottom, across, up = (round(float(share), _DIGITS) for share in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, across, up))


def _footer(figure: Figure) -> str:
    """How the values came about, and the provenance of the records."""
    made = figure.made
    facts = [
        f"Task {figure.task}, version {made.version}",
        f"tier {figure.tier}",
        f"data: {', '.join(made.data)}",
        f"seeds: {', '.join(made.seeds_by_case)}",
        f"budget: {'; '.join(made.budget)}",
        f"device: {'; '.join(made.devices)}",
        f"commit: {', '.join(made.commits) or 'unknown'}",
        f"{made.records} records, digest {made.digest}",
    ]
    return f"{figure.reading} {'; '.join(facts)}."
