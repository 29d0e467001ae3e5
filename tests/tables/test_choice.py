"""Tables for papers: chosen rows and columns, their order, their digits, and contrasts in every format."""

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.errors import UserError
from harness.records.record import Record
from harness.records.store import Store
from harness.registry.find import find
from harness.tables.choice import choose, hidden
from harness.tables.differences import Contrast, paired_differences
from harness.tables.formats import FORMATS, render, render_contrasts
from harness.tables.results import ExpectedRuns
from harness.tables.table import Table
from harness.tables.text import TextOptions

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


def records(record: Make) -> list[Record]:
    """Three entrants, one of them at two widths, in two cases."""
    values = {"vit": 0.5, "bit": 0.7, "old": 0.6}
    made = []
    for seed in range(3):
        for case in ("plain", "hard"):
            made += [record(name, seed, value + seed / 100, case=case) for name, value in values.items()]
            made.append(record("bit", seed, 0.8 + seed / 100, case=case, chosen={"m": 64}))
    return made


@pytest.fixture
def table(record: Make, tables: Tables) -> Table:
    return tables(records(record))[0]


def labels(table: Table) -> list[str]:
    return [row.label for row in table.rows]


def columns(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def test_rows_are_chosen_by_label_or_by_entrant(record: Make, tables: Tables) -> None:
    (by_entrant,) = tables(records(record), entrants=("bit",))
    assert labels(by_entrant) == ["bit", "bit[m=64]"]
    (by_label,) = tables(records(record), entrants=("bit[m=64]", "old"))
    assert labels(by_label) == ["bit[m=64]", "old"]


def test_the_best_and_the_notes_are_those_of_the_chosen_rows(record: Make, tables: Tables) -> None:
    made = [*records(record), record("broken", 0, status="error")]
    (table,) = tables(made, entrants=("vit", "old"))
    assert [row.cells[0].mark for row in table.rows] == ["best", ""]
    assert not any("broken" in note for note in table.notes)
    assert table.provenance.records == 12


def test_rows_that_are_not_chosen_are_not_missed(record: Make, tables: Tables) -> None:
    keys = {("plain", name, seed): "" for name in ("vit", "old", "absent") for seed in range(3)}
    expected = ExpectedRuns(keys, dict.fromkeys(("vit", "old", "absent"), "baseline"))
    (table,) = tables(records(record), entrants=("vit",), expected=expected)
    assert labels(table) == ["vit"]
    (table,) = tables(records(record), entrants=("vit", "absent"), expected=expected)
    assert labels(table) == ["absent", "vit"]


def test_a_dropped_column_is_named_and_the_mean_stays_what_it_was(table: Table) -> None:
    (chosen,) = choose([table], ["hard", "ceiling"])
    assert columns(chosen) == ["plain", "mean"]
    assert [row.cells[-1] for row in chosen.rows] == [row.cells[-1] for row in table.rows]
    assert [reference.label for reference in chosen.references] == ["chance"]
    assert chosen.notes[0] == "not shown: hard; the mean is over all columns"
    (alone,) = choose([table], ["hard", "mean"])
    assert alone.notes[0] == "not shown: hard; mean"
    assert choose([table], ["plain", "hard", "mean"]) == []


def test_columns_of_effort_are_dropped_from_text(table: Table) -> None:
    drop = ["kind", "weights", "train s", "trials"]
    (chosen,) = choose([table], drop)
    header = render([chosen], "markdown", TextOptions(hidden=hidden(drop))).splitlines()[2]
    assert [part.strip() for part in header.strip("|").split("|")] == [
        "entrant",
        "plain ↑",
        "hard ↑ *generated*",
        "mean ↑ *generated*",
        "seeds",
    ]


def test_rows_are_sorted_by_a_column_the_best_first_and_those_without_a_value_last(
    record: Make, tables: Tables
) -> None:
    made = [*records(record), *(record("a_failed", seed, status="error") for seed in range(3))]
    (table,) = choose(tables(made), sort="plain")
    assert labels(table) == ["bit[m=64]", "bit", "old", "vit", "a_failed"]
    losses = [record(name, 0, {"loss": value}) for name, value in (("a", 3.0), ("b", 1.0), ("c", 2.0))]
    (table,) = choose(tables(losses, metric="loss"), sort="plain")
    assert labels(table) == ["b", "c", "a"]


def test_an_unknown_column_is_named_with_the_nearest(table: Table) -> None:
    with pytest.raises(UserError, match="unknown column to drop 'hrad'; did you mean hard"):
        choose([table], ["hrad"])
    with pytest.raises(UserError, match="unknown column to sort by 'pain'; did you mean plain"):
        choose([table], sort="pain")


def cell(record: Make, tables: Tables, values: list[float], others: list[float], digits: int = 2) -> str:
    """What the cell of `values` says beside a row of other values."""
    made = [record("a", seed, {"loss": value}) for seed, value in enumerate(values)]
    made += [record("b", seed, {"loss": value}) for seed, value in enumerate(others)]
    made += [record("c", seed, {"loss": value + 0.001}) for seed, value in enumerate(others)]
    text = render(tables(made, metric="loss"), "markdown", TextOptions(digits=digits))
    (row,) = (line for line in text.splitlines() if line.startswith("| a "))
    return row.split("|")[3].strip().replace("*", "")


LARGE = [100.0, 120.0, 110.0]


def test_no_half_width_and_no_value_is_a_mere_zero(record: Make, tables: Tables) -> None:
    assert cell(record, tables, [0.0001, 0.0002, 0.00015], LARGE) == "0.00015 ± 0.00008"
    assert cell(record, tables, [1e-7, 2e-7, 1.5e-7], LARGE) == "1.5e-07 ± 8.4e-08"
    assert cell(record, tables, [0.0003], [100.0]) == "0.0003 ± n/a"
    assert cell(record, tables, [0.0, 0.0, 0.0], LARGE) == "0 ± n/a"
    assert cell(record, tables, [100.0, 120.0, 110.0], LARGE) == "110 ± 17"


def test_half_widths_have_as_many_digits_as_were_asked_for(record: Make, tables: Tables) -> None:
    values = [0.5123, 0.5234, 0.5345]
    said = [cell(record, tables, values, values, digits) for digits in (1, 2, 3)]
    assert said == ["0.52 ± 0.02", "0.523 ± 0.019", "0.5234 ± 0.0187"]


@pytest.mark.parametrize("form", FORMATS)
def test_contrasts_are_written_in_every_format(table: Table, form: str) -> None:
    text = render_contrasts([Contrast(table, paired_differences(table, "vit"))], form)
    assert "system comparison" in text or form == "latex"
    if form == "json":
        pairs = json.loads(text)
        assert [(pair["method"], pair["opponent"]) for pair in pairs] == [
            ("vit", "bit"),
            ("vit", "bit[m=64]"),
            ("vit", "old"),
        ]
        assert pairs[0]["estimate"] == pytest.approx(-0.2)
        assert pairs[0]["n"] == 3
    if form == "csv":
        assert float(next(csv.DictReader(io.StringIO(text)))["estimate"]) == pytest.approx(-0.2)


@pytest.fixture
def quick(verb: Command, tmp_path: Path, record: Make) -> Command:
    """The command `table` where there are records of a task."""
    card = find().card("word_similarity")
    store = Store(tmp_path / "results")
    for name in ("ppmi", "sgns"):
        for seed in range(2):
            made = record(name, seed, {"mean_spearman": 0.1 + seed / 10}, case="atlas", tier="quick", card=card)
            store.write(made)
    return lambda *words: verb("table", "--tier", "quick", "--task", "word_similarity", *words)


def test_the_command_chooses_rows_columns_order_and_words(quick: Command) -> None:
    words = ("--entrant", "ppmi", "--drop", "seeds", "--sort", "atlas", "--caption", "Mine", "--digits", "1")
    done = quick(*words, "--no-published")
    assert (done.returncode, "Published" in done.stdout, "### Mine" in done.stdout) == (0, False, True)
    assert "| ppmi " in done.stdout
    assert "| sgns " not in done.stdout
    assert "seeds |" not in done.stdout
    assert "\\label{tab:mine}" in quick("--format", "latex", "--label", "tab:mine", "--no-published").stdout


def test_json_and_formats_are_honoured_with_contrasts(quick: Command) -> None:
    assert {pair["method"] for pair in json.loads(quick("--contrast", "ppmi", "--json").stdout)} == {"ppmi"}
    assert quick("--contrast", "ppmi", "--format", "latex").stdout.startswith("% needs ")
    assert quick("--contrast", "ppmi", "--format", "csv").stdout.startswith("task,tier,metric,")


WRONG = {
    "an unknown row": (("--entrant", "ppm"), "did you mean ppmi"),
    "an unknown column": (("--drop", "atlass"), "did you mean atlas"),
    "a part of a table in a file": (("--drop", "seeds", "--write"), "--write and --check are for whole tables"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_choice_is_one_line(quick: Command, kind: str) -> None:
    words, message = WRONG[kind]
    done = quick(*words)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line
