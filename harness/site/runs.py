"""The page of a run: its record, and the command that repeats it."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from harness.claims.assessment import ItemScores
from harness.records.record import Stored
from harness.records.scored import SPENT, VALIDATION, RunRow
from harness.site.addresses import entrant_page, task_page
from harness.site.drawing import curve_drawing
from harness.tables.comparable import rerun

_NAMED = 6
"""How many single items are named on either side."""


class RunFacts(NamedTuple):
    """What other pages need of a run: its row, when it was finished, and its entrant's first line and code."""

    row: RunRow
    finished: str
    title: str
    code: Mapping[str, str]


class ScoreView(NamedTuple):
    """A score: its metric with what the card says of it, where it was measured, its value and its items."""

    metric: str
    about: str
    unit: str
    at: str
    value: str
    items: str


class ItemsView(NamedTuple):
    """The scores of single items in a metric: how many there are, and in words which are the worst and the best."""

    metric: str
    at: str
    number: str
    worst: str
    best: str


def run(row: RunRow, stored: Stored, items: ItemScores) -> dict[str, Any]:
    """What the page of a run shows."""
    content = stored.content
    command = rerun(row.task, row.tier, {row.label: row.kind}, cases=[row.case], seeds=row.seed + 1)
    is_known = len(row.commit) == 40 and not row.dirty
    return {
        "run": row,
        "place": task_page(row.task, row.tier),
        "entrant": entrant_page(row.task, row.entrant),
        "content": content,
        "scores": list(_scores(content)),
        "items": list(_items(row.path, content, items)),
        "curves": list(_curves(row)),
        "costs": _costs(content["costs"]),
        "settings": _sorted(row.settings),
        "parameters": _sorted(row.parameters),
        "environment": _sorted({**content["environment"], **content["environment"]["packages"]}, leave_out="packages"),
        "commands": [*([f"git checkout {row.commit}"] if is_known else []), f"{command} --results again"],
    }


def _scores(content: Mapping[str, Any]) -> Iterator[ScoreView]:
    for score in content["scores"]:
        metric = content["metrics"][score["metric"]]
        items = f"{score['n_used']:,} of {score['n_expected']:,}" if score["n_expected"] else ""
        yield ScoreView(score["metric"], metric["about"], metric["unit"], _at(score), _number(score["value"]), items)


def _items(path: str, content: Mapping[str, Any], items: ItemScores) -> Iterator[ItemsView]:
    for score in content["scores"]:
        values = items(path, score["items"]) if score["items"] else None
        if values is not None:
            order = np.argsort(values, kind="stable")
            falling = np.argsort(-values, kind="stable")
            best, worst = (
                (falling, order) if content["metrics"][score["metric"]]["better"] == "higher" else (order, falling)
            )
            named = (named_items(values, places) for places in (worst, best))
            yield ItemsView(score["metric"], _at(score), f"{len(values):,}", *named)


def named_items(values: np.ndarray, order: np.ndarray) -> str:
    """The first items in an order, those with the same score together: `3, 8 and 61 more: 0`."""
    said, left = [], _NAMED
    for value, group in itertools.groupby(order.tolist(), key=values.__getitem__):
        places = list(group)
        shown = ", ".join(map(str, places[:left]))
        more = f" and {len(places) - left:,} more" if len(places) > left else ""
        said.append(f"{shown}{more}: {_number(float(value), 3)}")
        left -= len(places)
        if left <= 0:
            break
    return "; ".join(said)


def _at(score: Mapping[str, Any]) -> str:
    """Where a score was measured."""
    return ", ".join(f"{axis} = {value}" for axis, value in score["at"].items())


def _curves(row: RunRow) -> Iterator[tuple[str, Markup]]:
    """The curve of a run, a drawing for each value that it logs."""
    for name in dict.fromkeys(name for point in row.curve for name in point if name != SPENT):
        points = [(point.get(SPENT, math.nan), point[name]) for point in row.curve if name in point]
        said = f"{name.removeprefix(VALIDATION)}, validation" if name.startswith(VALIDATION) else name
        if drawing := curve_drawing(points, said):
            yield said, drawing


def _costs(costs: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = {
        "setup_s": "set-up, s",
        "shared_s": "shared artefacts, s",
        "train_s": "training, s",
        "eval_s": "evaluation, s",
        "peak_mb": "peak memory, MB",
    }
    facts = [(said, _number(costs[name], 4)) for name, said in names.items()]
    return [*facts, ("weights", f"{costs['weights']:,}"), ("beside other runs", "yes" if costs["contended"] else "no")]


def _sorted(values: Mapping[str, Any], leave_out: str = "") -> Sequence[tuple[str, str]]:
    return [(name, str(value)) for name, value in sorted(values.items()) if name != leave_out]


def _number(value: float, digits: int = 6) -> str:
    """A number with so many digits; `n/a` for NaN."""
    return "n/a" if math.isnan(value) else f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")
