"""A table refuses rows that differ in more than the entrant, says in what, and how to repair it."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import Budget
from harness.records.record import Record
from harness.tables.table import Table

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]


START = "toy at small: rows of one table differ in"


def refusal(tables: Tables, records: list[Record], **view: Any) -> str:
    with pytest.raises(UserError) as refused:
        tables(records, **view)
    (line,) = str(refused.value).splitlines()
    return line


def pair(record: Make, **changes: Any) -> list[Record]:
    """Two seeds of `bit`, and of `vit` with changes."""
    return [made for seed in (0, 1) for made in (record("bit", seed), record("vit", seed, **changes))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"version": 2},
            f"{START} task version: 1 (bit) and 2 (vit); to repair: harness run --task toy --tier small --entrant vit",
        ),
        (
            {"budget": Budget("examples", 500)},
            f"{START} budget, case plain: 1,000 examples (bit) and 500 examples (vit); "
            "to repair: harness run --task toy --tier small --case plain --entrant vit",
        ),
        (
            {"data": "cards:" + "e" * 32},
            f"{START} data, case plain: cards:dddddddd (bit) and cards:eeeeeeee (vit); "
            "to repair: harness run --task toy --tier small --case plain --entrant bit --entrant vit",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_differs_is_named_with_its_rows_and_the_repair(
    record: Make, tables: Tables, change: dict[str, Any], message: str
) -> None:
    assert refusal(tables, pair(record, **change)) == message


def test_settings_that_differ_are_refused(record: Make, tables: Tables) -> None:
    line = refusal(tables, pair(record, settings={"width": 9}))
    assert line.startswith(f"{START} settings, case plain: ")
    assert line.endswith("(vit); to repair: harness run --task toy --tier small --case plain --entrant vit")


def test_a_setting_that_the_card_gained_later_changes_nothing(record: Make, tables: Tables) -> None:
    before = [made.model_copy(update={"settings": {"width": 16}}) for made in pair(record)[:2]]
    assert tables([*before, *pair(record)[2:]])


def test_data_that_a_seed_drew_differently_is_refused(record: Make, tables: Tables) -> None:
    made = [record(name, seed) for name in ("bit", "maj", "vit") for seed in (0, 1)]
    made[-1] = record("vit", 1, produced="other")
    assert refusal(tables, made) == (
        f"{START} produced data, case plain, seed 1: plain1 (bit, maj) and other (vit); "
        "to repair: delete toy/small/plain/vit/default-s1.json below records/, then "
        "harness run --task toy --tier small --case plain --entrant bit --entrant maj --entrant vit"
    )


def test_the_card_says_which_rows_are_the_odd_ones_not_the_majority(
    record: Make, tables: Tables, card: Callable[..., Card]
) -> None:
    made = [record(name, 0) for name in ("a", "b", "c")] + [record("new", 0, version=2)]
    assert refusal(tables, made, card=card(version=2)).endswith(
        "2 (new) and 1 (a, b, c); to repair: harness run --task toy --tier small --entrant a --entrant b --entrant c"
    )


def test_other_seeds_are_refused(record: Make, tables: Tables) -> None:
    made = [record("bit", seed) for seed in range(5)]
    made += [record("vit", seed, chosen={"m": 16}) for seed in range(3)]
    assert refusal(tables, made) == (
        f"{START} seeds, case plain: 0-2 (vit[m=16]) and 0-4 (bit); "
        "to repair: harness run --task toy --tier small --case plain --entrant 'vit[m=16]' --seeds 5, "
        "or show the seeds that all have: --seeds 3"
    )


def test_a_plugin_is_repaired_with_its_file(record: Make, tables: Tables) -> None:
    made = [record("bit", 0), record("bit", 1), record("mine", 0, kind="plugin")]
    assert refusal(tables, made).endswith(
        "--case plain --entrant mine --seeds 2 --plugin FILE, or show the seeds that all have: --seeds 1"
    )


def test_tiers_are_never_mixed(record: Make, tables: Tables) -> None:
    records = [record("vit", 0), record("bit", 0, tier="quick")]
    assert [row.label for row in tables(records, tier="small")[0].rows] == ["vit"]
    assert [row.label for row in tables(records, tier="quick")[0].rows] == ["bit"]


def test_times_of_two_kinds_of_machine_are_refused(record: Make, tables: Tables) -> None:
    made = [record(name, 0, {"step_ms": 1.0}, case="cost", device=d) for name, d in (("a", "cpu"), ("b", "cuda"))]
    line = refusal(tables, made)
    assert "differ in device and threads: cpu 1 (a) and cuda 1 (b); to repair: delete toy/small/cost/b/" in line
    scores = [record(name, 0, device=device) for name, device in (("a", "cpu"), ("b", "cuda"))]
    assert tables(scores)[0].provenance.devices == ("cpu, 1 thread", "cuda, 1 thread")


def test_a_failed_run_is_no_reason(record: Make, tables: Tables) -> None:
    made = [*pair(record), record("gru", 0, status="killed", produced=""), record("gru", 1, status="oom", produced="")]
    (table,) = tables(made)
    assert [row.label for row in table.rows] == ["bit", "gru", "vit"]


def test_cases_may_differ_from_each_other(record: Make, tables: Tables) -> None:
    made = [*pair(record), *(record(name, 0, case="hard", settings={"width": 4}) for name in ("bit", "vit"))]
    assert len(tables(made)[0].columns) == 3
