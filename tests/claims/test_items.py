"""Runs keep the scores of exactly those items that claims read."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.claims.claim import Claim
from harness.claims.conditions import Condition, holds
from harness.claims.items import read_items_of, reads_items
from harness.claims.paper import Citation, Paper
from harness.claims.verdict import judge
from harness.records.record import Record
from harness.records.scored import scored
from toys import CLAIM

FLY = {**CLAIM, "margin": 0.01, "of": "fly", "over": ["sign"]}
METRICS = ("accuracy", "loss")
POINTS = {(("shift", 0.0),): 0.5, (("shift", 1.0),): 0.6, (("shift", 2.0),): 0.7}


def _paper(**changes: Any) -> Paper:
    citation = Citation(title="Toys", authors="A. Author", venue="ICLR", year=2021, url="https://example.org")
    return Paper(paper=citation, claim=(Claim.model_validate({**FLY, **changes}),))


def _kept(paper: Paper, records: list[Record], tier: str = "small") -> set[tuple[str, str, float]]:
    """Label, metric and shift of the scores whose items runs keep."""
    parts = read_items_of([paper], "toy", tier)
    return {
        (record.spec.label, score.metric, float(score.at["shift"]))
        for record in records
        for score in record.scores
        if any(
            reads_items(part, record.spec, score.metric, {**record.at, **record.spec.chosen, **score.at})
            for part in parts
        )
    }


def _read(paper: Paper, records: list[Record], tier: str = "small") -> set[tuple[str, str, float]]:
    """The same of the scores whose items are read when the claim is judged."""
    labels = {record.spec.place: record.spec.label for record in records}
    asked = set()

    def items(path: str, name: str) -> np.ndarray:
        metric, _, shift = name.partition("|")
        asked.add((labels[path], metric, float(shift)))
        return np.linspace(0, 1, 7)

    judge(paper.claim[0], scored(records), tier, items=items)
    return asked


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {(name, "accuracy", shift) for name in ("fly", "sign") for shift in (0.0, 1.0, 2.0)}),
        ({"where": {"shift": ">= 1"}}, {(name, "accuracy", shift) for name in ("fly", "sign") for shift in (1.0, 2.0)}),
        (
            {"where": {"shift": [0, 2], "case": "plain"}},
            {(n, "accuracy", s) for n in ("fly", "sign") for s in (0.0, 2.0)},
        ),
        ({"where": {"case": "hard"}}, set()),
        ({"metric": "loss", "where": {"shift": 0}}, {("fly", "loss", 0.0), ("sign", "loss", 0.0)}),
        ({"over": ["lsh[k=4]"], "where": {"shift": 0}}, {("fly", "accuracy", 0.0), ("lsh[k=4]", "accuracy", 0.0)}),
        ({"estimand": "level", "over": [], "where": {"shift": 0}}, {("fly", "accuracy", 0.0)}),
        ({"estimand": "slope", "over": [], "x": "shift"}, set()),
        ({"estimand": "log_ratio", "margin": 1.1}, set()),
        ({"tiers": ["large"]}, set()),
    ],
    ids=str,
)
def test_kept_is_what_is_read(
    record: Callable[..., Record], changes: dict[str, Any], expected: set[tuple[str, str, float]]
) -> None:
    records = _records(record)
    assert _read(_paper(**changes), records) == expected
    assert _kept(_paper(**changes), records) == expected


def test_what_may_be_read_is_kept(record: Callable[..., Record]) -> None:
    """Whether an entrant has the parameter k, which a run with its default does not set, shows only in judging."""
    records, paper = _records(record), _paper(over=["lsh"], where={"shift": 0, "k": 4})
    assert _read(paper, records) == {("fly", "accuracy", 0.0), ("lsh[k=4]", "accuracy", 0.0)}
    assert _kept(paper, records) == {("fly", "accuracy", 0.0), ("lsh[k=4]", "accuracy", 0.0), ("lsh", "accuracy", 0.0)}


def _records(record: Callable[..., Record]) -> list[Record]:
    return [
        _with_items(
            record(
                entrant, seed, {metric: {at: v + seed / 50 for at, v in POINTS.items()} for metric in METRICS}, **more
            )
        )
        for entrant, more in (("fly", {}), ("sign", {}), ("lsh", {}), ("lsh", {"chosen": {"k": 4}}), ("other", {}))
        for seed in range(3)
    ]


def _with_items(record: Record) -> Record:
    """The record with names for the items of its scores."""
    scores = (score.model_copy(update={"items": f"{score.metric}|{score.at['shift']}"}) for score in record.scores)
    return record.model_copy(update={"scores": tuple(scores)})


@pytest.mark.parametrize("tier", ["smoke", "quick"])
def test_items_are_kept_at_tiers_of_rehearsals_whatever_tiers_a_claim_names(tier: str) -> None:
    assert len(read_items_of([_paper(tiers=["large"])], "toy", tier)) == 1
    assert read_items_of([_paper()], "other", tier) == ()


@pytest.mark.parametrize(
    ("condition", "fulfilling"),
    [
        (4, [4, "4"]),
        (4.0, [4, "4"]),
        (True, [True]),
        ("a", ["a"]),
        ("== a", ["a"]),
        ("!= a", [0, 4, 5.5, -1.0, "b", "4", True]),
        ("!= 4", [0, 5.5, -1.0, "a", "b", True]),
        (">= 4", [4, 5.5, "4"]),
        ("< 4", [0, -1.0, True]),
        (("a", 4), [4, "a", "4"]),
        ((">= 5", "< 0"), [5.5, -1.0]),
        ("x y", []),
    ],
    ids=str,
)
def test_a_condition_holds_for_these_values_and_never_for_an_absent_one(
    condition: Condition, fulfilling: list[Any]
) -> None:
    values = [0, 4, 5.5, -1.0, "a", "b", "4", True, math.nan, None]
    assert [value for value in values if holds(value, condition)] == fulfilling
