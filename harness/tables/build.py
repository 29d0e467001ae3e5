"""Builds tables from the scored table: one for the primary metric of a task, and one for each case that has another."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pydantic import Field, model_validator

from harness.claims.conditions import Condition, Conditions, in_words, spelled
from harness.claims.paper import PublishedNumber
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import TierName, set_in
from harness.core.strict import Strict
from harness.core.suggest import check_known, unknown
from harness.records.scored import Scored
from harness.runs.selection import NOTHING_GIVEN, Given
from harness.tables.columns import lay_out
from harness.tables.comparable import check_comparable, rerun
from harness.tables.notes import held_settings, notes_on, shared_artefacts
from harness.tables.results import ExpectedRuns, TaskResults
from harness.tables.rows import references_of, rows_of
from harness.tables.table import Provenance, Table

FLOPS = "flops"
"""The metric by which a task counts floating-point operations; it stands in the row beside the weights."""


class Slice(Strict):
    """The part of a metric's results that its default table shows, where all of them would make it too wide or too
    long: only the points of `where`, and no row that sets a parameter of `leave_out` from outside."""

    where: Conditions = Field(default={})
    leave_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _slices(self) -> "Slice":
        if not self.where and not self.leave_out:
            raise ValueError("a slice has `where`, `leave_out` or both")
        return self


class TableOptions(Strict):
    """How tables of a task are shown, as `figures.toml` says. `held` names by case the settings that tables list as
    held constant, in that order; `default` stands for all other cases, and a case that is not named lists all settings.
    `tables` has slices by metric."""

    held: Mapping[str, tuple[str, ...]] = {}
    tables: Mapping[str, Slice] = {}


@dataclass(frozen=True, kw_only=True)
class View:
    """Which part of the records tables show.

    `metric` asks for one table of that metric wherever it was measured, `by` spreads an axis (a case's, a point's, a
    parameter's) over the columns, `cases` keeps some cases (none = all), `entrants` some rows by label or entrant (none
    = all), `where` some points of measurement, `seeds` so many seeds from `first_seed` on; `leave_out` leaves out the
    rows that set one of some parameters from outside. What was `given` is part of the commands in notes and errors.
    """

    tier: TierName
    cases: tuple[str, ...] = ()
    entrants: tuple[str, ...] = ()
    metric: str | None = None
    by: str | None = None
    where: Mapping[str, Condition] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    seeds: int | None = None
    first_seed: int = 0
    given: Given = field(default=NOTHING_GIVEN, compare=False)

    @property
    def is_default(self) -> bool:
        """Whether nothing of a tier's records was asked for in particular."""
        return self == View(tier=self.tier)


class _Topic(NamedTuple):
    """What one of a task's tables is about; `suffix` tells its name from those of the others."""

    metric: str
    cases: tuple[str, ...]
    suffix: str = ""


def build_tables(
    scored: Scored,
    card: Card,
    view: View,
    expected: ExpectedRuns | None = None,
    published: Sequence[PublishedNumber] = (),
    options: TableOptions | None = None,
) -> list[Table]:
    """The tables of a task, the main one first; none if there are no records.

    What is missing is judged by `expected`; without it, by what other rows have. `published` stand below the first
    table; which of the settings that were held constant are named, `options` declare. Raises `UserError` for rows that
    cannot be compared, and for an unknown metric, case, axis or point.
    """
    options = options or TableOptions()
    check_known(f"case of {card.task}", view.cases, {case.id for case in card.cases})
    check_known(f"point of measurement of {card.task}", view.where, card.points)
    results = TaskResults(scored, card.task, view.tier, view.seeds, view.cases, view.first_seed, view.entrants)
    expected = expected.keeping(view.entrants) if expected else None
    topics = _topics(card, results, view.metric)
    if view.by is not None and view.by != "case":
        axes = {topic: results.axes(topic.metric, topic.cases) for topic in topics}
        topics = [topic for topic in topics if view.by in axes[topic]]
        if axes and not topics:
            raise _no_axis(card, results, view.by, {"case"}.union(*axes.values()))
    for axis in view.where:
        topics = [topic for topic in topics if axis in results.axes(topic.metric, topic.cases)]
    tables = [_table(results, card, topic, _sliced(view, topic.metric, options), expected, options) for topic in topics]
    if tables:
        planned = {case for case, _ in expected.cells} if expected and view.is_default else set()
        notes = (
            f"missing: all of case {case}; `{rerun(card.task, view.tier, {}, cases=[case], given=view.given)}`"
            for case in sorted(planned - results.cases)
        )
        tables[0] = replace(tables[0], notes=(*tables[0].notes, *notes), published=tuple(published))
    return tables


def _sliced(view: View, metric: str, options: TableOptions) -> View:
    """The view of a metric's table. Where nothing but cases and rows was asked for, it is the slice that is declared
    for the metric; a row that was asked for by its parameters is not left out."""
    if replace(view, cases=(), entrants=()).is_default and metric in options.tables:
        declared = options.tables[metric]
        named = {name for label in view.entrants for name in set_in(label)}
        leave_out = tuple(name for name in declared.leave_out if name not in named)
        return replace(view, where=declared.where, leave_out=leave_out)
    return view


def _no_axis(card: Card, results: TaskResults, by: str, axes: Collection[str]) -> UserError:
    if elsewhere := [name for name in card.metrics if by in results.axes(name, results.cases)]:
        metrics = ", ".join(elsewhere)
        text = f"no table's metric lies on axis '{by}'; these metrics do: {metrics}"
        return UserError(f"{card.task} at {results.tier}: {text}")
    return unknown(f"axis of {card.task} at {results.tier}", by, axes)


def _topics(card: Card, results: TaskResults, metric: str | None) -> list[_Topic]:
    """The main table's topic, and one for each case that is timed or has another primary metric."""
    if metric is not None:
        check_known(f"metric of {card.task}", [metric], card.metrics)
        measured = {score.run.case for score in results.scores(metric) if score.run.status == "ok"}
        cases = measured or results.cases
        return [_Topic(metric, tuple(sorted(cases)), f"metric-{metric}")] if cases else []
    separate = {
        case.id: _Topic(case.primary or card.primary, (case.id,), case.id)
        for case in card.cases
        if case.id in results.cases and (case.exclusive or case.primary not in (None, card.primary))
    }
    together = tuple(sorted(results.cases - separate.keys()))
    return [*([_Topic(card.primary, together)] if together else []), *separate.values()]


def _table(
    results: TaskResults, card: Card, topic: _Topic, view: View, expected: ExpectedRuns | None, options: TableOptions
) -> Table:
    everything = results.select(topic.metric, topic.cases, card.column, view.by, view.where)
    selection = everything.leaving_out(view.leave_out)
    if not selection.runs:
        selection, view = everything, replace(view, leave_out=())
    if view.where and not selection.scores:
        raise UserError(f"{card.task} at {results.tier}: no {topic.metric} where {spelled(view.where)}")
    planned = expected.leaving_out(view.leave_out) if expected else None
    layout = lay_out(selection, card, results.tier, topic.metric, view.by, planned)
    check_comparable(layout.runs, card, results.tier, timed=layout.metric.timing, given=view.given)
    flops = {score.path: score for score in results.select(FLOPS, topic.cases).scores}
    rows = rows_of(layout, flops)
    suffixes = _suffixes(topic, view, options)
    slices = [f"shown where {spelled(view.where)}"] if view.where else []
    if left_out := {run.label for run in everything.runs} - {run.label for run in selection.runs}:
        slices.append(f"left out: {len(left_out)} rows that set {' or '.join(view.leave_out)}")
    command = f"harness table --task {card.task} --tier {results.tier} --metric {topic.metric}"
    return Table(
        name="-".join([card.task, results.tier, *suffixes]),
        task=card.task,
        title=card.title,
        tier=results.tier,
        metric=topic.metric,
        better=layout.metric.better,
        unit=layout.metric.unit,
        exact=layout.metric.exact,
        columns=layout.columns,
        rows=rows,
        references=references_of(layout),
        provenance=Provenance.of(layout.runs, layout.shown(), (card.task, results.tier, topic.metric, *suffixes)),
        notes=(
            *(f"{text}; `{command}` shows all" for text in slices),
            *held_settings(layout.runs, options.held),
            *shared_artefacts(layout.runs),
            *notes_on(rows, layout, view.given),
        ),
    )


def _suffixes(topic: _Topic, view: View, options: TableOptions) -> list[str]:
    """What tells a table's name from those of the task's other tables; a declared slice is the default."""
    suffixes = [topic.suffix, f"by-{view.by}" if view.by else ""]
    is_declared = topic.metric in options.tables and view.where == options.tables[topic.metric].where
    if view.where and not is_declared:
        conditions = ",".join(f"{axis}{in_words(condition)}" for axis, condition in view.where.items())
        suffixes.append("where-" + re.sub(r"[^\w.=<>!]+", "_", conditions))
    if view.cases:
        suffixes.append("-".join(["case", *view.cases]))
    return [suffix for suffix in suffixes if suffix]
