"""Formats: the same table in each of them, byte for byte as accepted; and the same records, the same bytes."""

import csv
import dataclasses
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.claims.paper import PublishedNumber
from harness.core.errors import UserError
from harness.records.record import Record
from harness.tables.formats import FORMATS, render
from harness.tables.table import Table

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]

GOLDEN = Path(__file__).parent / "golden"
PUBLISHED = PublishedNumber(
    metric="top-1",
    dataset="ImageNet",
    entrant="vit",
    value=77.9,
    deviation=0.2,
    table="Table 5",
    why_not_comparable="other data & 10^5 times the budget",
)


def records(record: Make) -> list[Record]:
    """Everything that a cell can say."""
    made = []
    for seed in range(3):
        made += [
            record("vit", seed, 0.80 + 0.01 * seed, kind="method"),
            record("vit", seed, 0.60 + 0.03 * seed**2, case="hard", kind="method"),
            record("bit", seed, 0.79 + 0.015 * seed, chosen={"m": 64}, contended=True, train_s=12.5),
            record("bit", seed, 0.70 + 0.01 * seed, case="hard", chosen={"m": 64}, contended=True, train_s=12.5),
            record("constant", seed, 0.3, weights=0),
            record("slow", seed, 0.7, status="timeout" if seed != 1 else "ok", weights=1_250_000),
            record("slow", seed, 0.1 if seed else 0.5, case="hard", status="diverged" if seed else "ok"),
        ]
    return made


@pytest.fixture
def table(record: Make, tables: Tables) -> Table:
    return tables(records(record), published=[PUBLISHED])[0]


@pytest.mark.parametrize("form", FORMATS)
def test_a_table_is_written_as_accepted(table: Table, form: str) -> None:
    text = render([table], form).replace(table.provenance.digest, "DIGEST")
    assert text == (GOLDEN / f"toy-small{FORMATS[form].suffix}").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_records_give_the_same_bytes(table: Table, record: Make, tables: Tables, form: str) -> None:
    again = tables(reversed(records(record)), published=[PUBLISHED])[0]
    assert render([again], form).encode() == render([table], form).encode()


@pytest.mark.parametrize("form", FORMATS)
def test_one_seed_has_no_interval_in_any_format(record: Make, tables: Tables, form: str) -> None:
    text = render(tables([record("vit", 0, 0.5), record("bit", 0, 0.25)]), form)
    said = {"markdown": "**0.500 ± n/a**", "latex": r"\textbf{0.500 $\pm$ n/a}", "html": ">0.500 ± n/a<"}
    assert said.get(form, "0.5") in text
    if form == "json":
        (shown,) = json.loads(text)
        assert [cell["half"] for row in shown["rows"] for cell in row["cells"]] == [None, None]
    else:
        assert "0.0" not in text.replace("2.0", "")


@pytest.mark.parametrize("form", FORMATS)
def test_a_task_without_any_score_can_be_written(record: Make, tables: Tables, form: str) -> None:
    assert "error 1/1" in render(tables([record("vit", 0, status="error")]), form)


def test_every_row_begins_with_its_entrant(table: Table) -> None:
    lines = render([table], "markdown").splitlines()
    for row in table.rows:
        assert any(line.startswith(f"| {row.label} ") for line in lines)


def test_what_a_format_takes_for_markup_is_escaped(record: Make, tables: Tables) -> None:
    words = "a_b & c|d <e> 50% $x$ #1 {y} ~ ^"
    made = [record("vit", 0), record("bit", 0, status="error")]
    failure = made[1].failure
    assert failure is not None
    made[1] = made[1].model_copy(update={"failure": failure.model_copy(update={"message": words})})
    (table,) = tables(made)
    assert r"a\_b \& c\textbar{}d \textless{}e\textgreater{} 50\% \$x\$ \#1 \{y\}" in render([table], "latex")
    assert "a_b &amp; c|d &lt;e&gt; 50% $x$" in render([table], "html")


def test_the_page_needs_nothing_else_and_is_light_and_dark(table: Table) -> None:
    page = render([table], "html")
    assert "http" not in page
    assert "<script" not in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "prefers-color-scheme: dark" in page


def test_csv_has_a_row_a_cell_in_full_precision(table: Table) -> None:
    rows = list(csv.DictReader(io.StringIO(render([table], "csv"))))
    assert len(rows) == len(table.columns) * (len(table.rows) + len(table.references))
    assert float(rows[0]["value"]) == table.rows[0].cells[0].value
    assert [row["value"] for row in rows if row["state"] != "scored" and row["kind"] != "reference"] == [""] * 4


def test_json_has_all_there_is_and_null_for_what_there_is_not(table: Table) -> None:
    (document,) = json.loads(render([table], "json"))
    first = document["rows"][0]["cells"][0]
    assert first["records"] == list(table.rows[0].cells[0].records)
    assert first["values"] == list(table.rows[0].cells[0].values)
    constant = next(row for row in document["rows"] if row["label"] == "constant")
    assert (constant["cells"][0]["half"], constant["cells"][1]["value"]) == (None, None)
    assert document["published"][0]["why_not_comparable"] == PUBLISHED.why_not_comparable


def test_several_tables_are_one_document(table: Table) -> None:
    assert len(json.loads(render([table, table], "json"))) == 2
    lines = render([table, table], "csv").splitlines()
    assert lines.count(lines[0]) == 1
    assert render([table, table], "html").count("<!doctype html>") == 1


def test_an_unknown_format_is_named_with_the_nearest(table: Table) -> None:
    with pytest.raises(UserError, match="unknown format 'markdwon'; did you mean markdown"):
        render([table], "markdwon")


def test_tables_need_no_torch() -> None:
    modules = "build, formats, differences, explain"
    code = f"import sys; from harness.tables import {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


HOSTILE = "=1+1\n| *a* _b_ `c` <script>\x1b[31m\0\u202e"


@pytest.mark.parametrize("form", FORMATS)
def test_text_of_plugins_stays_text_on_one_line(record: Make, tables: Tables, form: str) -> None:
    made = [record("mine", seed, chosen={"mode": HOSTILE}, kind="plugin") for seed in range(2)]
    plain = [record("mine", seed, chosen={"mode": "plain"}, kind="plugin") for seed in range(2)]
    text, other = (render(tables(runs), form) for runs in (made, plain))
    assert not {"\x1b", "\0", "\u202e"} & set(text)
    assert len(text.splitlines()) == len(other.splitlines())
    assert form in ("json", "csv", "latex") or "<script>" not in text.replace("\\<", "")


def test_no_field_of_a_csv_is_a_formula(record: Make, tables: Tables) -> None:
    rows = csv.DictReader(io.StringIO(render(tables([record("mine", 0, -1.0, failure=None)]), "csv")))
    assert {row["value"] for row in rows} == {"-1.0", "0.1", "1.0"}
    (table,) = tables([record("vit", 0)])
    named = dataclasses.replace(table, rows=[dataclasses.replace(row, label="=1+1") for row in table.rows])
    first, *_ = csv.DictReader(io.StringIO(render([named], "csv")))
    assert first["entrant"] == "'=1+1"
