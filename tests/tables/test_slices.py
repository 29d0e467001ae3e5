"""Slices: a table shows some cases or points of measurement, asked for or declared, and says so."""

from collections.abc import Callable

import pytest

from harness.core.card import Card
from harness.core.errors import UserError
from harness.records.record import Record
from harness.records.scored import scored
from harness.tables.build import TableOptions, View, build_tables
from harness.tables.results import ExpectedRuns
from harness.tables.table import Table
from harness.tables.text import cell_text

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]

GRID = {(("L", L), ("shift", shift)): L + shift for L in (1.0, 2.0, 3.0) for shift in (10.0, 20.0)}
DECLARED = TableOptions.model_validate({"tables": {"accuracy": {"where": {"L": [1, 3], "shift": 10}}}})


def columns(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def test_where_keeps_some_points_and_is_part_of_the_name(record: Make, tables: Tables) -> None:
    made = [record("vit", seed, {"accuracy": GRID}) for seed in range(2)]
    (table,) = tables(made, where={"shift": 20.0, "L": ">= 2"})
    assert columns(table) == ["L = 2, shift = 20", "L = 3, shift = 20"]
    assert [cell.value for cell in table.rows[0].cells] == [22.0, 23.0]
    assert table.name == "toy-small-where-shift=_20.0_L>=_2"
    assert "shown where shift = 20.0 and L >= 2; `harness table --task toy --tier small" in table.notes[0]


def test_by_and_where_go_together(record: Make, tables: Tables) -> None:
    (table,) = tables([record("vit", 0, {"accuracy": GRID})], where={"shift": 20.0}, by="L")
    assert [cell.value for cell in table.rows[0].cells] == [21.0, 22.0, 23.0]


def test_a_diverged_run_is_at_chance_at_the_points_that_are_kept(record: Make, tables: Tables) -> None:
    made = [record("vit", 0, {"accuracy": GRID}), record("bit", 0, 0.1, status="diverged")]
    (table,) = tables(made, where={"shift": 20.0, "L": 2.0})
    assert [row.cells[0].value for row in table.rows] == [0.1, 22.0]


def test_a_declared_slice_is_the_default_table_and_no_other(record: Make, card: Callable[..., Card]) -> None:
    table_of_scores = scored([record("vit", 0, {"accuracy": GRID})])
    tables = [
        build_tables(table_of_scores, card(), view, options=DECLARED)[0]
        for view in (View(tier="small"), View(tier="small", metric="accuracy"))
    ]
    assert [len(table.columns) for table in tables] == [2, 6]
    assert tables[0].name == "toy-small"
    assert "shown where L in 1, 3 and shift = 10" in tables[0].notes[0]


def test_a_grid_is_left_out_of_the_default_table_and_counted(record: Make, card: Callable[..., Card]) -> None:
    swept = [record("vit", 0, chosen={"rate": rate}) for rate in (0.1, 1.0)]
    presentation = TableOptions.model_validate({"tables": {"accuracy": {"leave_out": ["rate"]}}})

    def built(made: list[Record], metric: str | None = None) -> Table:
        return build_tables(scored(made), card(), View(tier="small", metric=metric), options=presentation)[0]

    table = built([record("vit", 0), *swept])
    assert [row.label for row in table.rows] == ["vit"]
    assert table.name == "toy-small"
    assert table.notes[0].startswith("left out: 2 rows that set rate; `harness table --task toy --tier small")
    assert len(built([record("vit", 0), *swept], "accuracy").rows) == 3
    assert len(built(swept).rows) == 2, "where there is nothing else, the grid is the table"


def test_runs_of_a_grid_that_is_left_out_are_not_missing(record: Make, card: Callable[..., Card]) -> None:
    planned = ExpectedRuns({("plain", label, 0): "" for label in ("vit", "vit[rate=0.1]")}, {"vit": "method"})
    presentation = TableOptions.model_validate({"tables": {"accuracy": {"leave_out": ["rate"]}}})
    (table,) = build_tables(scored([record("vit", 0)]), card(), View(tier="small"), planned, options=presentation)
    assert [row.label for row in table.rows] == ["vit"]
    assert not any("missing" in note for note in table.notes)


@pytest.mark.parametrize(
    ("where", "words"),
    [({"shfit": 1.0}, "'shfit'; did you mean shift"), ({"n": 1.0}, "unknown point"), ({"shift": 99.0}, "shift = 99.0")],
)
def test_what_is_nowhere_is_an_error(record: Make, tables: Tables, where: dict[str, float], words: str) -> None:
    with pytest.raises(UserError, match=words):
        tables([record("vit", 0, {"accuracy": GRID})], where=where)


def test_a_value_of_another_magnitude_spoils_no_column(record: Make, tables: Tables) -> None:
    made = [
        record(name, seed, {"loss": value + seed / 10})
        for name, value in (("a", 2.0), ("b", 3.0), ("c", 5e4))
        for seed in range(2)
    ]
    (table,) = tables(made, metric="loss")
    assert cell_text(table, table.rows[0], 0).startswith("2.05 ± 0.32")


def test_cases_are_kept_and_part_of_the_name(record: Make, tables: Tables) -> None:
    made = [record("vit", 0, value, case=case) for case, value in (("plain", 0.5), ("hard", 0.4))]
    (table,) = tables(made, cases=("hard",))
    assert columns(table) == ["hard"]
    assert [cell.value for cell in table.rows[0].cells] == [0.4]
    assert table.name == "toy-small-case-hard"
    assert table.provenance.digest != tables(made)[0].provenance.digest


def test_what_cannot_be_compared_in_other_cases_does_not_matter(record: Make, tables: Tables) -> None:
    made = [record("vit", 0), record("bit", 0), record("vit", 0, case="hard"), record("bit", 1, case="hard")]
    with pytest.raises(UserError, match="differ in seeds"):
        tables(made)
    (table,) = tables(made, cases=("plain",))
    assert len(table.rows) == 2


def test_a_declared_slice_holds_for_some_cases_too(record: Make, card: Callable[..., Card]) -> None:
    table_of_scores = scored([record("vit", 0, {"accuracy": GRID})])
    (table,) = build_tables(table_of_scores, card(), View(tier="small", cases=("plain",)), options=DECLARED)
    assert len(table.columns) == 2


def test_an_unknown_case_is_an_error(record: Make, tables: Tables) -> None:
    with pytest.raises(UserError, match=r"unknown case of toy 'plane'; did you mean plain\?"):
        tables([record("vit", 0)], cases=("plane",))
