"""Exploratory contrasts: paired, two-sided, corrected over all of them, never about what cannot be compared."""

import math
from collections.abc import Callable

import pytest

from harness.core.errors import UserError
from harness.records.record import Record
from harness.tables.differences import PairedDifference, differences_as_text, paired_differences
from harness.tables.table import Table

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]

NOISE = (0.00, 0.10, -0.05, 0.03, 0.07)


def made(record: Make, lifts: dict[str, float], **changes: str) -> list[Record]:
    """Five seeds of each entrant, paired: what a seed adds, it adds to all, but for a little."""
    return [
        record(name, seed, 0.5 + lift + noise + 0.001 * seed * i, **changes)
        for i, (name, lift) in enumerate(lifts.items())
        for seed, noise in enumerate(NOISE)
    ]


def by_pair(contrasts: list[PairedDifference]) -> dict[tuple[str, str], PairedDifference]:
    return {(pair.method, pair.opponent): pair for pair in contrasts}


def test_the_difference_is_paired_by_seed(record: Make, tables: Tables) -> None:
    (table,) = tables(made(record, {"vit": 0.1, "bit": 0.0}))
    (difference,) = paired_differences(table, "vit")
    assert difference.values == pytest.approx([0.1 - 0.001 * seed for seed in range(5)])
    assert difference.interval.lo > 0.09
    assert difference.p == 2 / 32


def test_lower_is_better_where_the_metric_says_so(record: Make, tables: Tables) -> None:
    records = [record(name, s, {"loss": v + s / 9}) for name, v in (("vit", 1.0), ("bit", 2.0)) for s in range(2)]
    (difference,) = paired_differences(tables(records, metric="loss")[0], "vit")
    assert difference.estimate == pytest.approx(1.0)


def test_holms_correction_is_over_all_of_them(record: Make, tables: Tables) -> None:
    (table,) = tables(made(record, {"vit": 0.1, "bit": 0.0, "maj": 0.0991}))
    pairs = by_pair(paired_differences(table, "vit"))
    assert pairs["vit", "bit"].adjusted == pytest.approx(2 * pairs["vit", "bit"].p)
    assert pairs["vit", "maj"].adjusted >= pairs["vit", "maj"].p


def test_methods_and_plugins_are_compared_with_all_others_once(record: Make, tables: Tables) -> None:
    records = [*made(record, {"vit": 0.1}, kind="method"), *made(record, {"mine": 0.05}, kind="plugin")]
    records += made(record, {"bit": 0.0, "maj": 0.2})
    pairs = [(pair.method, pair.opponent) for pair in paired_differences(tables(records)[0])]
    assert pairs == [("vit", "bit"), ("vit", "maj"), ("vit", "mine"), ("mine", "bit"), ("mine", "maj")]


def test_one_component_makes_it_controlled(record: Make, tables: Tables) -> None:
    records = made(record, {"vit": 0.1, "bit": 0.0}, component="ImageModel") + made(record, {"svm": 0.0})
    pairs = by_pair(paired_differences(tables(records)[0], "vit"))
    assert pairs["vit", "bit"].design == "controlled"
    assert pairs["vit", "svm"].design == "system comparison"


def test_what_cannot_be_compared_says_why_and_does_not_count(record: Make, tables: Tables) -> None:
    records = made(record, {"vit": 0.1, "bit": 0.0})
    records += [record("gru", seed, status="oom" if seed == 2 else "ok") for seed in range(5)]
    records += [record("flat", seed, 0.3) for seed in range(5)]
    table = tables(records)[0]
    pairs = by_pair(paired_differences(table, "vit"))
    assert (pairs["vit", "gru"].reason, pairs["vit", "gru"].values) == ("oom 1/5", ())
    assert pairs["vit", "bit"].adjusted == pytest.approx(2 * pairs["vit", "bit"].p)
    assert by_pair(paired_differences(table, "flat"))["flat", "gru"].reason == "oom 1/5"


def test_differences_without_spread_show_nothing(record: Make, tables: Tables) -> None:
    records = [record(name, seed, value) for name, value in (("a", 0.5), ("b", 0.25)) for seed in range(3)]
    (difference,) = paired_differences(tables(records)[0], "a")
    assert (difference.estimate, difference.reason) == (0.25, "the seeds do not vary")
    assert math.isnan(difference.p)


def test_the_mean_over_cases_is_compared_where_there_is_one(record: Make, tables: Tables) -> None:
    records = made(record, {"vit": 0.1, "bit": 0.0}) + made(record, {"vit": 0.3, "bit": 0.0}, case="hard")
    (difference,) = paired_differences(tables(records)[0], "vit")
    assert (difference.column, difference.estimate) == ("mean", pytest.approx(0.198))


def test_an_unknown_entrant_is_named(record: Make, tables: Tables) -> None:
    with pytest.raises(UserError, match="unknown entrant in toy-small 'vti'; did you mean vit"):
        paired_differences(tables([record("vit", 0)])[0], "vti")


def test_the_page_says_what_so_many_seeds_can_show(record: Make, tables: Tables) -> None:
    (table,) = tables(made(record, {"vit": 0.1, "bit": 0.0}))
    text = differences_as_text(table, paired_differences(table, "vit"))
    assert "5 seeds can reach p = 0.0625 at best" in " ".join(text.caption)
    assert [cell.text for cell in text.rows[0]][:3] == ["vit", "bit", "plain"]
