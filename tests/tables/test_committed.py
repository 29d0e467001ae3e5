"""Committed tables are what the records say, or `check_tables` names what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.records.record import Record
from harness.tables.formats import FORMATS, check_tables, write_tables
from harness.tables.table import Table

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]


def records(record: Make) -> list[Record]:
    return [record(name, seed, seed / 10, case=case) for name in "ab" for case in ("plain", "hard") for seed in (0, 1)]


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_written_is_what_the_records_say(record: Make, tables: Tables, tmp_path: Path, form: str) -> None:
    made = tables([*records(record), record("a", 0, {"step_ms": 1.0}, case="cost")])
    write_tables(tmp_path / "tables", made, form)
    suffix = FORMATS[form].suffix
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {f"toy-small{suffix}", f"toy-small-cost{suffix}"}
    assert list(check_tables(tmp_path / "tables", made)) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_table_that_was_edited_is_named(record: Make, tables: Tables, tmp_path: Path, form: str) -> None:
    made = tables(records(record))
    write_tables(tmp_path, made, form)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text().replace("toy", "boy", 1).replace("Toys", "Boys", 1))
    (line,) = check_tables(tmp_path, made)
    assert line.startswith(f"{path} was edited, or ")
    assert line.endswith(f"harness table --task toy --tier small --format {form} --write")


@pytest.mark.parametrize("form", FORMATS)
def test_a_table_of_other_records_is_stale(record: Make, tables: Tables, tmp_path: Path, form: str) -> None:
    write_tables(tmp_path, tables(records(record)), form)
    (path,) = tmp_path.iterdir()
    changed = [*records(record)[:-1], record("b", 1, 0.9, case="hard")]
    (line,) = check_tables(tmp_path, tables(changed))
    assert line.startswith(f"{path} is stale: ")


def test_a_table_that_was_never_written_is_named(record: Make, tables: Tables, tmp_path: Path) -> None:
    (line,) = check_tables(tmp_path / "tables", tables(records(record)))
    assert line.startswith(f"{tmp_path / 'tables' / 'toy-small.md'} is not there")


def test_a_table_that_the_records_no_longer_give_is_left_over(record: Make, tables: Tables, tmp_path: Path) -> None:
    made = tables(records(record))
    write_tables(tmp_path, made)
    (tmp_path / "toy-small-cost.md").write_text("old")
    (tmp_path / "claims-small.md").write_text("another thing")
    write_tables(tmp_path, tables(records(record), metric="accuracy"))
    (line,) = check_tables(tmp_path, made)
    assert line == f"{tmp_path / 'toy-small-cost.md'} is left over: the records give no such table; delete it"
