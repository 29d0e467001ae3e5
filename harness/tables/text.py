"""A table as text: what the formats for people have in common. Numbers have as many digits as intervals support."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from harness.claims.paper import PublishedNumber
from harness.tables.table import Cell, Effort, Row, Span, Table

Style: TypeAlias = Literal["", "best", "tie"]

TIE = "≈"
"""Follows a value that is tied with the best."""
CONTENDED = "†"
"""Follows a time that was taken beside other runs."""


class TextCell(NamedTuple):
    """One cell of a text table. `aside` is an emphasised word after the text; `hint` is shown on demand, where a format
    can do that."""

    text: str
    style: Style = ""
    aside: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A titled table of text. The first `words` columns hold words, the others numbers. The last `references` rows, and
    all rows of a `grey` table, are no results and are never compared. Caption and notes may hold `code` in
    backticks. `label` is what LaTeX refers to it by."""

    title: str
    headers: tuple[TextCell, ...]
    rows: tuple[tuple[TextCell, ...], ...]
    words: int
    references: int = 0
    grey: bool = False
    label: str = ""
    caption: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """How tables are written as text: so many significant `digits` of half-widths, without the columns that are
    `hidden` (kind, and what an entrant took), under another title, with a label to refer to in LaTeX."""

    digits: int = 2
    hidden: tuple[str, ...] = ()
    title: str = ""
    label: str = ""


def text_tables(tables: Sequence[Table], options: TextOptions | None = None) -> list[TextTable]:
    """The tables as text, each followed by a table of the published numbers if there are any. Of several tables, each
    has a label of its own."""
    texts = []
    for i, table in enumerate(tables):
        given = options or TextOptions()
        label = f"{given.label}-{i + 1}" if given.label and len(tables) > 1 else given.label
        texts += [_main(table, replace(given, label=label)), _published(table.published)]
    return [text for text in texts if text.rows]


def cell_text(table: Table, row: Row, i: int) -> str:
    """What a row's cell says in a column."""
    return _cell(row.cells[i], decimals([other.cells[i] for other in table.rows]), table.exact).text


def arrow(better: Literal["higher", "lower"]) -> str:
    """The sign of a metric's direction."""
    return "↑" if better == "higher" else "↓"


def text_cells(texts: Iterable[str]) -> tuple[TextCell, ...]:
    """Cells of plain text."""
    return tuple(map(TextCell, texts))


EFFORT = ("weights", "FLOPs", "train s", "trials", "seeds")
"""The headers of what an entrant took; FLOPs where the task counts them."""
KIND = "kind"


def _main(table: Table, options: TextOptions) -> TextTable:
    has_flops = any(row.effort.flops for row in table.rows)
    shown = [name for name in EFFORT if name not in options.hidden and (has_flops or name != "FLOPs")]
    words = ["entrant", *([KIND] if KIND not in options.hidden else [])]
    headers = [
        TextCell(f"{column.name} {arrow(table.better)}", aside="generated" if column.generated else "")
        for column in table.columns
    ]
    places = [decimals([row.cells[i] for row in table.rows], options.digits) for i in range(len(table.columns))]
    rows = []
    for row in table.rows:
        effort = _effort(row.effort)
        cells = (_cell(cell, digits, table.exact) for cell, digits in zip(row.cells, places, strict=True))
        kind = f"{row.kind}, {row.submitted}" if row.submitted else row.kind
        rows.append((*text_cells([row.label, kind][: len(words)]), *cells, *text_cells(effort[name] for name in shown)))
    for reference in table.references:
        values = (
            NONE if math.isnan(value) else number(value, max(digits, _first_digit(value, digits)))
            for value, digits in zip(reference.values, places, strict=True)
        )
        rows.append(text_cells([*[reference.label, "reference"][: len(words)], *values, *([""] * len(shown))]))
    unit = f" ({table.unit})" if table.unit else ""
    return TextTable(
        title=options.title or f"{table.title}, tier {table.tier}: {table.metric}{unit} {arrow(table.better)}",
        headers=(*text_cells(words), *headers, *text_cells(shown)),
        rows=tuple(rows),
        words=len(words),
        label=options.label,
        references=len(table.references),
        caption=tuple(_caption(table)),
        notes=table.notes,
    )


def _cell(cell: Cell, places: int, exact: bool) -> TextCell:
    if cell.state == "not applicable":
        return TextCell(cell.state, hint=cell.text)
    if cell.state != "scored":
        return TextCell(cell.text)
    known = cell.half if cell.half > 0 else cell.value
    places = max(places, _first_digit(known, places))
    around = f"[{', '.join(number(end, places) for end in cell.interval)}]" if cell.is_cut else ""
    text = number(cell.value, places) + ("" if exact else f" {around or f'± {number(cell.half, places)}'}")
    flags = f" ({', '.join(cell.flags)})" if cell.flags else ""
    by_seed = ", ".join(f"{seed}: {value:.6g}" for seed, value in zip(cell.seeds, cell.values, strict=True))
    return TextCell(f"{text}{f' {TIE}' if cell.mark == 'tie' else ''}{flags}", cell.mark, hint=f"by seed: {by_seed}")


def _effort(effort: Effort) -> dict[str, str]:
    """What an entrant took, by the header of its column."""
    return {
        "weights": amount(effort.weights),
        "FLOPs": amount(effort.flops),
        "train s": seconds(effort.train_s) + (CONTENDED if effort.contended else ""),
        "trials": str(effort.trials),
        "seeds": amount(effort.seeds),
    }


def _caption(table: Table) -> Iterator[str]:
    """What the table shows and what it was made from, a sentence each."""
    made = table.provenance
    if table.exact:
        yield "Mean over seeds of a counted quantity, which has no interval."
    else:
        yield "Mean over seeds ± half the width of its 90 % t interval (n/a: one seed, or seeds that do not vary)."
        if any(cell.is_cut for row in table.rows for cell in row.cells):
            yield "In brackets: an interval that would leave the range of the metric, cut off where that ends."
    yield f"Bold: the best of its column; {TIE}: a mean within the interval of the best."
    if any(column.generated for column in table.columns):
        yield "Columns marked generated: their data stands in for real data."
    if len(made.seeds_by_case) > 1 and any(not column.case for column in table.columns):
        yield "The mean over cases is of the seeds that all of them have."
    if any(cell.state == "scored" and "contended" in cell.flags for row in table.rows for cell in row.cells):
        yield "Values marked contended were timed beside other runs and are not compared."
    if any(row.effort.contended for row in table.rows):
        yield f"{CONTENDED}: trained beside other runs; such times cannot be compared."
    if any(row.submitted for row in table.rows):
        yield "Rows marked self-reported or verified n of m: others made their records, of which n of m were run again."
    data, seeds, budget = ", ".join(made.data), "; ".join(made.seeds_by_case), "; ".join(made.budget)
    device, commit = "; ".join(made.devices), ", ".join(made.commits) or "unknown"
    facts = f"data: {data}; seeds: {seeds}; budget: {budget}; device: {device}; commit: {commit}"
    yield f"Task {table.task}, version {made.version}; {facts}."
    yield f"Made from {made.records} records, digest {made.digest}."


def _published(published: Sequence[PublishedNumber]) -> TextTable:
    rows = []
    for entry in published:
        value = f"{entry.value:g}" if entry.deviation is None else f"{entry.value:g} ± {entry.deviation:g}"
        rows.append([entry.entrant, entry.metric, entry.dataset, entry.table, entry.why_not_comparable, value])
    return TextTable(
        title="Published, not comparable",
        headers=text_cells(["entrant", "metric", "data set", "source", "not comparable because", "published"]),
        rows=tuple(map(text_cells, rows)),
        words=5,
        grey=True,
    )


NONE = "-"
"""Stands where there is no value."""

_MOST_DECIMALS = 6
_SHORTENED = 10_000
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def decimals(cells: Iterable[Cell], digits: int = 2) -> int:
    """Decimals of a column: so many significant digits of the median half-width, but at most two more of the median
    value; where nothing has a width, one more of the median value. Medians, so that one value of another order of
    magnitude does not change the digits of all others."""
    scored = [cell for cell in cells if cell.state == "scored"]
    widths = sorted(cell.half for cell in scored if cell.half > 0)
    sizes = sorted(abs(cell.value) for cell in scored if cell.value)
    places = digits - _magnitude(sizes[len(sizes) // 2] if sizes else 1.0)
    if widths:
        places = min(places + 1, digits - 1 - _magnitude(widths[len(widths) // 2]))
    return min(max(places, 0), _MOST_DECIMALS)


def _first_digit(value: float, places: int) -> int:
    """The decimals that show the first digit of a value which would be a mere zero with so many `places`; else 0."""
    return 0 if math.isnan(value) or value == 0 or round(value, places) else -_magnitude(value)


def number(value: float, places: int) -> str:
    """A value with so many decimals, as a power of ten where these are too many to be counted; `n/a` for NaN."""
    if math.isnan(value):
        return "n/a"
    return f"{value:,.{places}f}" if places <= _MOST_DECIMALS else f"{value:.1e}"


def amount(span: Span | None) -> str:
    """A count or the range of several, shortened: `1,234`, `25.3k`, `1.3M to 2.6M`."""
    return " to ".join(dict.fromkeys(map(_short, span))) if span is not None else NONE


def seconds(value: float) -> str:
    """A time in seconds: three digits, at most three decimals."""
    if math.isnan(value):
        return NONE
    return f"{value:,.{min(max(2 - _magnitude(value or 1.0), 0), 3)}f}"


def _short(value: float) -> str:
    if value < _SHORTENED:
        return f"{value:,.0f}"
    size, unit = next((size, unit) for size, unit in _UNITS if value >= size)
    return f"{value / size:.4g}{unit}"


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)))
