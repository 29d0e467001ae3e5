"""Figures of records made by hand."""

from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from harness.core.card import Card
from harness.figures.build import Skipped, build_plot
from harness.figures.film import FilmStrips
from harness.figures.heat import HeatMap
from harness.figures.plot import Figure, Plot
from harness.figures.presentation import Presentation
from harness.figures.readings import Subject
from harness.records.record import Record
from harness.records.scored import scored
from harness.records.store import Store
from harness.tables.results import TaskResults

Plots = Callable[..., Plot]


@pytest.fixture
def outcome(card: Callable[..., Card], tmp_path: Path) -> Callable[..., Figure | Skipped]:
    """Builds a figure, given as its entries in `figures.toml`, of records of the toy task; `subject` replaces what it
    is built from."""

    def build(records: Iterable[Record], subject: dict[str, Any] | None = None, **entries: Any) -> Figure | Skipped:
        made = list(records)
        found = scored(made)
        given: dict[str, Any] = {
            "card": card(),
            "results": TaskResults(found, "toy", "small"),
            "kept": Store(tmp_path / "results").kept,
        }
        written = {"id": "figure", "title": "A figure", **entries}
        (figure,) = Presentation.model_validate({"figure": [written]}).figure
        return build_plot(Subject(**{**given, **(subject or {})}), figure)

    return build


@pytest.fixture
def plot(outcome: Callable[..., Figure | Skipped]) -> Plots:
    """Builds a figure of which there are records."""

    def build(*given: Any, **entries: Any) -> Plot:
        made = outcome(*given, **entries)
        assert isinstance(made, Plot), made
        return made

    return build


@pytest.fixture
def heat(outcome: Callable[..., Figure | Skipped]) -> Callable[..., HeatMap]:
    """Builds a heat map of accuracy, of which there are records."""

    def build(*given: Any, **entries: Any) -> HeatMap:
        made = outcome(*given, **{"kind": "heat", "metrics": ["accuracy"], **entries})
        assert isinstance(made, HeatMap), made
        return made

    return build


@pytest.fixture
def film(outcome: Callable[..., Figure | Skipped]) -> Callable[..., FilmStrips]:
    """Builds a figure of kept pictures, of which there are records."""

    def build(*given: Any, **entries: Any) -> FilmStrips:
        made = outcome(*given, **{"kind": "film", "file": "rollout.npz", **entries})
        assert isinstance(made, FilmStrips), made
        return made

    return build


@pytest.fixture
def clashes() -> Callable[..., list[Any]]:
    """Finds, in a figure that is to be drawn, texts outside of it and pairs of texts that overlap."""
    return found_clashes


def found_clashes(figure: Any) -> list[Any]:
    """The texts that lie outside of a figure, and the pairs that overlap."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    ticks = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in hidden(axis)}
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if id(text) not in ticks]
    width, height = figure.bbox.width, figure.bbox.height
    outside = [words for words, box in boxes if min(box.x0, box.y0) < 0 or box.x1 > width or box.y1 > height]
    inner = [(words, box.shrunk(0.96, 0.96)) for words, box in boxes]
    return [*outside, *((a, b) for (a, one), (b, two) in combinations(inner, 2) if one.overlaps(two))]


def hidden(axis: Any) -> list[Any]:
    """Labels of ticks that are not drawn: they lie beyond the axis, or are turned off."""
    lo, hi = sorted(axis.get_view_interval())
    ticks = [*axis.majorTicks, *axis.minorTicks]
    labels = [label for tick in ticks for label in (tick.label1, tick.label2) if not lo <= tick.get_loc() <= hi]
    return [*labels, *(label for tick in ticks for label in (tick.label1, tick.label2) if not label.get_visible())]
