"""Figures of records made by hand."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from harness.card import Card
from harness.frames import frames
from harness.record import Record
from harness.report.details import details_of
from harness.report.figures.build import Skipped, build_plot
from harness.report.figures.declared import Presentation
from harness.report.figures.plot import Plot
from harness.report.figures.readings import Subject
from harness.report.material import Source

Plots = Callable[..., Plot]


@pytest.fixture
def outcome(card: Callable[..., Card]) -> Callable[..., Plot | Skipped]:
    """Builds a figure, given as its entries in `figures.toml`, of records of the toy task; `subject` replaces what it
    is built from."""

    def build(records: Iterable[Record], subject: dict[str, Any] | None = None, **entries: Any) -> Plot | Skipped:
        made = list(records)
        found = frames(made)
        given: dict[str, Any] = {"card": card(), "source": Source(found, "toy", "small"), "details": details_of(made)}
        written = {"id": "figure", "title": "A figure", **entries}
        (figure,) = Presentation.model_validate({"figure": [written]}).figure
        return build_plot(Subject(**{**given, **(subject or {})}), figure)

    return build


@pytest.fixture
def plot(outcome: Callable[..., Plot | Skipped]) -> Plots:
    """Builds a figure of which there are records."""

    def build(*given: Any, **entries: Any) -> Plot:
        made = outcome(*given, **entries)
        assert isinstance(made, Plot), made
        return made

    return build
