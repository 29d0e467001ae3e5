"""A table as its page shows it: every cell with its link, its seeds as dots and the value that it is sorted by."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from harness.core.spec import entrant_in
from harness.site.addresses import anchor, data_file, entrant_page
from harness.site.drawing import seed_strip
from harness.tables.formats import FORMATS
from harness.tables.table import Effort, Row, Table
from harness.tables.text import TextCell, TextTable, text_tables

SHOWN_FORMATS = {"csv": "CSV", "json": "JSON", "latex": "LaTeX", "markdown": "Markdown"}
"""Formats in which each table can be downloaded."""


_MOST_SEEDS = 40
"""How many seeds a cell shows one by one."""


class CellView(NamedTuple):
    """A cell: its text, what follows `±`, a class, the value to sort by ("" = none), what is shown on demand, the seeds
    as a drawing and the address that it links to ("" = none)."""

    text: str
    half: str = ""
    style: str = ""
    value: str = ""
    hint: str = ""
    seeds: Markup = Markup("")
    link: str = ""


class RowView(NamedTuple):
    """A row: its label and kind, how far its records were verified ("": they are our own), the entrant's page, and its
    cells."""

    label: str
    kind: str
    submitted: str
    link: str
    cells: Sequence[CellView]


@dataclass(frozen=True)
class TableView:
    """A table: its headers (name, remark, whether the best stands on top when sorted), rows, texts and downloads."""

    name: str
    title: str
    headers: Sequence[tuple[str, str]]
    better: str
    rows: Sequence[RowView]
    references: Sequence[RowView]
    caption: Sequence[str]
    notes: Sequence[str]
    published: TextTable | None
    downloads: Mapping[str, str]


def table_view(table: Table) -> TableView:
    """What a page shows of a table."""
    text, *published = text_tables([table])
    ends = [_ends(table, i) for i in range(len(table.columns))]
    texts, names = text.rows[: len(table.rows)], [cell.text for cell in text.headers[2:]]
    return TableView(
        name=table.name,
        title=text.title,
        headers=[(cell.text, cell.aside) for cell in text.headers[2:]],
        better=table.better,
        rows=[_row(table, row, cells, names, ends) for row, cells in zip(table.rows, texts, strict=True)],
        references=[
            RowView(cells[0].text, "reference", "", "", [CellView(cell.text) for cell in cells[2:]])
            for cells in text.rows[len(table.rows) :]
        ],
        caption=text.caption,
        notes=text.notes,
        published=published[0] if published else None,
        downloads={said: data_file(f"{table.name}{FORMATS[form].suffix}") for form, said in SHOWN_FORMATS.items()},
    )


def cell_place(table: Table, label: str, i: int) -> str:
    """Where the runs behind a cell stand: on its entrant's page."""
    return f"{entrant_page(table.task, entrant_in(label))}#{anchor(table.name, label, i)}"


def _ends(table: Table, i: int) -> tuple[float, float]:
    """The least and the greatest value of any seed in a column."""
    values = [value for row in table.rows for value in row.cells[i].values if math.isfinite(value)]
    return (min(values), max(values)) if values else (0.0, 0.0)


def _row(
    table: Table, row: Row, texts: Sequence[TextCell], names: Sequence[str], ends: Sequence[tuple[float, float]]
) -> RowView:
    """A row, given its texts, the names of its columns, and the ends of those that hold scores."""
    cells = []
    for i, (cell, text, (lo, hi)) in enumerate(zip(row.cells, texts[2:], ends, strict=False)):
        value, _, rest = text.text.partition(" ± ")
        half, _, remark = rest.partition(" ")
        cells.append(
            CellView(
                text=value if not rest else f"{value} {remark}".strip(),
                half=half,
                style=text.style or ("" if cell.state == "scored" else "none"),
                value="" if math.isnan(cell.value) else f"{cell.value:.8g}",
                hint=text.hint if len(cell.values) <= _MOST_SEEDS else f"{len(cell.values):,} seeds",
                seeds=seed_strip(cell.values, lo, hi) if len(cell.values) <= _MOST_SEEDS else Markup(""),
                link=cell_place(table, row.label, i) if cell.records else "",
            )
        )
    efforts = zip(names[len(row.cells) :], texts[2 + len(row.cells) :], strict=True)
    cells += [CellView(text.text, value=_effort(row.effort, name)) for name, text in efforts]
    return RowView(row.label, row.kind, row.submitted, entrant_page(table.task, entrant_in(row.label)), cells)


def _effort(effort: Effort, name: str) -> str:
    """The value by which a column of effort is sorted; "" if there is none."""
    values = {
        "weights": effort.weights.most if effort.weights else math.nan,
        "FLOPs": effort.flops.most if effort.flops else math.nan,
        "train s": effort.train_s,
        "trials": effort.trials,
        "seeds": effort.seeds.most,
    }
    return "" if math.isnan(values[name]) else f"{values[name]:.8g}"
