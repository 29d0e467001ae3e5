"""The board of a tier as a picture, for places that show images and no pages."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.claims.verdict import Verdict
from harness.site.marks import Mark, legend, mark_of
from harness.tables.markup import templates

_SIZE, _LINE, _TOP = 22, 34, 56
"""The room of a mark, the height of a row and the height above the first one, in pixels."""
_LEFT, _LEGEND = 250, 170
"""Where the marks begin, and the width of an entry of the legend."""
_NARROWEST = 640


class Placed(NamedTuple):
    """A mark, and where its middle is."""

    mark: Mark
    x: int
    y: int


class Row(NamedTuple):
    """A paper: its name, its tasks, the height of its row, its marks."""

    name: str
    tasks: str
    y: int
    marks: Sequence[Placed]


def picture(verdicts: Mapping[str, Sequence[Verdict]], tier: str) -> str:
    """The board as SVG, light or dark as its reader prefers: a row for each paper, a mark for each claim. The same
    verdicts give the same text."""
    rows = [_row(paper, of_paper, i) for i, (paper, of_paper) in enumerate(verdicts.items())]
    marks = legend(verdict for of_paper in verdicts.values() for verdict in of_paper)
    width = max([_NARROWEST, *(row.marks[-1].x + _SIZE for row in rows), 40 + _LEGEND * len(marks)])
    foot = _TOP + _LINE * len(rows) + 14
    return (
        templates("harness.site")
        .get_template("picture.svg")
        .render(
            tier=tier,
            rows=rows,
            legend=[Placed(mark, 32 + _LEGEND * i, foot) for i, mark in enumerate(marks)],
            width=width,
            height=foot + 26,
        )
    )


def _row(paper: str, verdicts: Sequence[Verdict], i: int) -> Row:
    y = _TOP + _LINE * i
    tasks = ", ".join(sorted({task for verdict in verdicts for task in verdict.claim.tasks}))
    marks = [Placed(mark_of(verdict), _LEFT + (_SIZE + 4) * j, y) for j, verdict in enumerate(verdicts)]
    return Row(paper, tasks, y, marks)
