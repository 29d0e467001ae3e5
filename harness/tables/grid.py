"""A table as text: what the formats for people have in common. Numbers have as many digits as intervals support."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from harness.claims.paper import Published
from harness.tables.comparable import numbers as seed_numbers
from harness.tables.table import Cell, Effort, Row, Span, Table

Style: TypeAlias = Literal["", "best", "tie"]

TIE = "≈"
"""Follows a value that is tied with the best."""
CONTENDED = "†"
"""Follows a time that was taken beside other runs."""


class Entry(NamedTuple):
    """One field. `aside` is an emphasised word after the text, `hint` says more where a format can show it."""

    text: str
    style: Style = ""
    aside: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A titled grid of text. The first `words` columns are words, the others are numbers; the last `references` rows
    and a `grey` grid are there to look at and never compared. Caption and notes may hold `code` in backticks."""

    title: str
    headers: tuple[Entry, ...]
    rows: tuple[tuple[Entry, ...], ...]
    words: int
    references: int = 0
    grey: bool = False
    caption: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def grids_of(table: Table) -> list[Grid]:
    """The table's grid, and the grid of published numbers if there are any."""
    return [_main(table), *([_published(table.published)] if table.published else [])]


def plain_text(table: Table, row: Row, i: int) -> str:
    """What a row's cell says in a column."""
    return _entry(row.cells[i], decimals(other.cells[i] for other in table.rows), table.exact).text


def arrow(better: Literal["higher", "lower"]) -> str:
    """The sign of a metric's direction."""
    return "↑" if better == "higher" else "↓"


def _main(table: Table) -> Grid:
    has_flops = any(row.effort.flops for row in table.rows)
    effort = ["weights", *(["FLOPs"] if has_flops else []), "train s", "trials", "seeds"]
    names = [
        Entry(f"{column.name} {arrow(table.better)}", aside="generated" if column.generated else "")
        for column in table.columns
    ]
    places = [decimals(row.cells[i] for row in table.rows) for i in range(len(table.columns))]
    rows = [
        (
            Entry(row.label),
            Entry(row.kind),
            *(_entry(cell, digits, table.exact) for cell, digits in zip(row.cells, places, strict=True)),
            *map(Entry, _effort(row.effort, has_flops)),
        )
        for row in table.rows
    ]
    for reference in table.references:
        values = (
            Entry(NONE if math.isnan(value) else number(value, digits))
            for value, digits in zip(reference.values, places, strict=True)
        )
        rows.append((Entry(reference.label), Entry("reference"), *values, *(Entry("") for _ in effort)))
    return Grid(
        title=f"{table.title}, tier {table.tier}: {_metric(table)}",
        headers=(Entry("entrant"), Entry("kind"), *names, *map(Entry, effort)),
        rows=tuple(rows),
        words=2,
        references=len(table.references),
        caption=tuple(_caption(table)),
        notes=table.notes,
    )


def _metric(table: Table) -> str:
    unit = f" ({table.unit})" if table.unit else ""
    return f"{table.metric}{unit} {arrow(table.better)}"


def _entry(cell: Cell, places: int, exact: bool) -> Entry:
    if cell.state == "not applicable":
        return Entry(cell.state, hint=cell.text)
    if cell.state != "scored":
        return Entry(cell.text)
    text = number(cell.value, places) + ("" if exact else f" ± {number(cell.half, places)}")
    flags = f" ({', '.join(cell.flags)})" if cell.flags else ""
    by_seed = ", ".join(f"{seed}: {value:.6g}" for seed, value in zip(cell.seeds, cell.values, strict=True))
    return Entry(f"{text}{f' {TIE}' if cell.mark == 'tie' else ''}{flags}", cell.mark, hint=f"by seed: {by_seed}")


def _effort(effort: Effort, has_flops: bool) -> Iterator[str]:
    yield amount(effort.weights)
    if has_flops:
        yield amount(effort.flops)
    yield seconds(effort.train_s) + (CONTENDED if effort.contended else "")
    yield str(effort.trials)
    yield str(effort.seeds)


def _caption(table: Table) -> Iterator[str]:
    """What the table shows and what it was made from, a sentence each."""
    made = table.provenance
    if table.exact:
        yield "Counted, without an interval; mean over seeds."
    else:
        yield "Mean over seeds ± half of its 90 % t interval (n/a: one seed, or seeds that do not vary)."
    yield f"Bold: best of its column; {TIE}: its mean lies within the best's interval."
    if any(column.generated for column in table.columns):
        yield "Generated data stands in for real data."
    if any(row.effort.contended for row in table.rows):
        yield f"{CONTENDED} Trained beside other runs: times do not compare."
    facts = {
        "data": ", ".join(made.data),
        "seeds": seed_numbers(made.seeds),
        "budget": "; ".join(made.budget),
        "device": "; ".join(made.devices),
        "commit": ", ".join(made.commits) or "unknown",
    }
    yield f"Task {table.task}, version {made.version}; {'; '.join(f'{name}: {fact}' for name, fact in facts.items())}."
    yield f"Made from {made.records} records, digest {made.digest}."


def _published(numbers: Sequence[Published]) -> Grid:
    rows = []
    for one in numbers:
        value = f"{one.value:g}" if one.deviation is None else f"{one.value:g} ± {one.deviation:g}"
        rows.append((one.entrant, one.metric, one.dataset, one.table, one.why_not_comparable, value))
    headers = ("entrant", "metric", "data set", "source", "not comparable because", "published")
    return Grid(
        title="Published, not comparable",
        headers=tuple(map(Entry, headers)),
        rows=tuple(tuple(map(Entry, row)) for row in rows),
        words=5,
        grey=True,
    )


NONE = "-"
"""Stands where there is nothing to say."""

_MOST_DECIMALS = 6
_SHORTENED = 10_000
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def decimals(cells: Iterable[Cell]) -> int:
    """Decimals of a column: two significant digits of the median half-width, but at most four of the median value;
    where nothing has a width, three of the median value. A value of another order of magnitude spoils no other."""
    scored = [cell for cell in cells if cell.state == "scored"]
    widths = sorted(cell.half for cell in scored if cell.half > 0)
    sizes = sorted(abs(cell.value) for cell in scored if cell.value)
    places = 2 - _magnitude(sizes[len(sizes) // 2] if sizes else 1.0)
    if widths:
        places = min(places + 1, 1 - _magnitude(widths[len(widths) // 2]))
    return min(max(places, 0), _MOST_DECIMALS)


def number(value: float, places: int) -> str:
    """A value with so many decimals; `n/a` for NaN."""
    return "n/a" if math.isnan(value) else f"{value:,.{places}f}"


def amount(span: Span | None) -> str:
    """A count or the range of several, in short: `1,234`, `25.3k`, `1.3M to 2.6M`."""
    if span is None:
        return NONE
    least, most = _short(span.least), _short(span.most)
    return least if least == most else f"{least} to {most}"


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
