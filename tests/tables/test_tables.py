"""Tables: what stands in a cell, in which row and column, and what is never made up."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.card import Card, Override
from harness.core.errors import UserError
from harness.core.spec import Budget
from harness.records.record import Record
from harness.records.scored import scored
from harness.runs.selection import Given
from harness.tables.build import View, build_tables
from harness.tables.formats import render
from harness.tables.results import ExpectedRuns
from harness.tables.table import Cell, Reference, Row, Span, Table

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]


def rows(table: Table) -> dict[str, Row]:
    return {row.label: row for row in table.rows}


def cells(table: Table, label: str) -> dict[str, Cell]:
    names = [column.name for column in table.columns]
    return dict(zip(names, rows(table)[label].cells, strict=True))


def cell(table: Table, label: str, column: str) -> Cell:
    return cells(table, label)[column]


class TestCells:
    def test_a_cell_is_the_mean_over_seeds_and_half_the_t_interval(self, record: Make, tables: Tables) -> None:
        (table,) = tables(record("vit", seed, value) for seed, value in enumerate((0.5, 0.6, 0.7)))
        result = cell(table, "vit", "plain")
        assert (result.state, result.seeds, result.values) == ("scored", (0, 1, 2), (0.5, 0.6, 0.7))
        assert result.value == pytest.approx(0.6)
        assert result.half == pytest.approx(2.919986 * 0.1 / math.sqrt(3), rel=1e-6)
        assert result.records == tuple(f"toy/small/plain/vit/default-s{seed}.json" for seed in range(3))
        assert (result.n_used, result.n_expected) == (300, 300)

    @pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5]], ids=["one seed", "no variation"])
    def test_without_spread_there_is_no_interval(self, record: Make, tables: Tables, values: list[float]) -> None:
        (table,) = tables(record("vit", seed, value) for seed, value in enumerate(values))
        result = cell(table, "vit", "plain")
        assert (result.value, len(result.seeds)) == (0.5, len(values))
        assert math.isnan(result.half)

    def test_a_counted_metric_has_no_interval(self, record: Make, tables: Tables) -> None:
        (table,) = tables((record("vit", seed, {"bytes": 10 + seed}) for seed in range(3)), metric="bytes")
        assert (cell(table, "vit", "plain").value, table.exact) == (11.0, True)
        assert math.isnan(cell(table, "vit", "plain").half)

    def test_a_failed_run_is_a_row(self, record: Make, tables: Tables) -> None:
        made = [record("vit", seed, 0.5 + seed / 10) for seed in range(3)]
        made += [record("bit", 0), record("bit", 1, status="timeout"), record("bit", 2, status="oom")]
        (table,) = tables(made)
        result = cell(table, "bit", "plain")
        assert (result.state, result.text, result.values) == ("failed", "oom 1/3, timeout 1/3", ())
        assert math.isnan(result.value)
        assert "timeout: bit, case plain, seed 1: RuntimeError: it broke twice" in table.notes
        assert cell(table, "vit", "plain").state == "scored"

    def test_a_task_whose_runs_all_failed_has_a_table(self, record: Make, tables: Tables) -> None:
        (table,) = tables(record("vit", seed, status="error") for seed in range(2))
        assert cell(table, "vit", "plain").text == "error 2/2"
        assert rows(table)["vit"].effort.weights is None

    def test_a_missing_cell_is_named_with_the_command_that_fills_it(self, record: Make, tables: Tables) -> None:
        made = [
            record(name, seed, case=case) for name in ("vit", "bit") for case in ("plain", "hard") for seed in (0, 1)
        ]
        (table,) = tables(run for run in made if (run.spec.entrant, run.spec.case) != ("bit", "hard"))
        assert cell(table, "bit", "hard").state == "missing"
        command = "harness run --task toy --tier small --case hard --entrant bit"
        assert table.notes == (f"missing: bit, case hard, seeds 0, 1; `{command}`",)

    def test_an_interval_ends_where_the_range_of_the_metric_ends(self, record: Make, tables: Tables) -> None:
        values = (0.99, 0.99, 0.03)
        made = [record(name, seed, values[seed]) for name in ("vit", "bit") for seed in range(3)]
        made += [record("lo", seed, {"loss": 0.1 + seed}) for seed in range(3)]
        result = cell(tables(made)[0], "vit", "plain")
        assert result.is_cut
        assert result.interval == (0, 1)
        assert not cell(tables(made, metric="loss")[0], "lo", "plain").is_cut

    def test_a_diverged_run_is_scored_at_chance_and_flagged(self, record: Make, tables: Tables) -> None:
        values = [(0.7, "ok"), (0.1, "diverged"), (0.7, "ok")]
        (table,) = tables(record("vit", seed, value, status=status) for seed, (value, status) in enumerate(values))
        result = cell(table, "vit", "plain")
        assert (result.state, result.values, result.flags) == ("scored", (0.7, 0.1, 0.7), ("diverged 1/3",))
        assert any(note.startswith("diverged: vit, case plain, seed 1") for note in table.notes)

    def test_a_diverged_run_without_a_chance_value_has_failed(self, record: Make, tables: Tables) -> None:
        made = [record("vit", 0, {"loss": 1.0}), record("vit", 1, {}, status="diverged")]
        (table,) = tables(made, metric="loss")
        assert (cell(table, "vit", "plain").state, cell(table, "vit", "plain").text) == ("failed", "diverged 1/2")

    def test_a_capability_that_is_lacked_is_not_applicable(self, record: Make, tables: Tables) -> None:
        made = [record("fly", seed, {"codes": 0.5 + seed}) for seed in range(2)]
        made += [record("sgns", seed, {"accuracy": 0.5}) for seed in range(2)]
        (table,) = tables(made, metric="codes")
        assert (cell(table, "sgns", "plain").state, cell(table, "sgns", "plain").text) == (
            "not applicable",
            "needs codes",
        )
        assert "not applicable: sgns (needs codes)" in table.notes

    def test_a_score_that_was_not_measured_is_not_a_failure(self, record: Make, tables: Tables) -> None:
        made = [record("vit", seed, {"loss": 1.0 + seed}) for seed in range(2)]
        made += [record("bit", 0, {"loss": 1.0}), record("bit", 1, {"accuracy": 0.5})]
        (table,) = tables(made, metric="loss")
        assert (cell(table, "bit", "plain").state, cell(table, "bit", "plain").text) == (
            "not measured",
            "not measured 1/2",
        )

    def test_nan_never_becomes_zero(self, record: Make, card: Callable[..., Card]) -> None:
        made = scored(record("vit", seed, 0.5 + seed / 10) for seed in range(3))
        scores = made["toy", "small"].scores
        scores[1] = scores[1]._replace(value=math.nan)
        (table,) = build_tables(made, card(), View(tier="small"))
        assert (cell(table, "vit", "plain").state, cell(table, "vit", "plain").text) == ("failed", "NaN 1/3")

    def test_items_that_were_left_out_are_noted(self, record: Make, tables: Tables) -> None:
        (table,) = tables(record("vit", seed, items=80) for seed in range(2))
        assert "scored on 80.0% of the items: plain" in table.notes

    def test_two_scores_at_one_point_are_a_fault(self, record: Make, tables: Tables) -> None:
        twice = record("vit", 0)
        with pytest.raises(UserError, match=r"vit/default-s0.json has two scores of accuracy at one point"):
            tables([twice.model_copy(update={"scores": twice.scores * 2})])


class TestMeans:
    def made(self, record: Make) -> list[Record]:
        values = {("vit", "plain"): 0.5, ("vit", "hard"): 0.7, ("bit", "plain"): 0.4, ("bit", "hard"): 0.2}
        return [
            record(name, seed, value + seed * (0.01 if case == "plain" else 0.03), case=case)
            for (name, case), value in values.items()
            for seed in range(3)
        ]

    def test_the_mean_over_cases_is_taken_seed_by_seed(self, record: Make, tables: Tables) -> None:
        (table,) = tables(self.made(record))
        result = cell(table, "vit", "mean")
        assert result.values == pytest.approx((0.6, 0.62, 0.64))
        assert result.half == pytest.approx(2.919986 * 0.02 / math.sqrt(3), rel=1e-6)
        assert result.mark == "best"
        assert len(result.records) == 6

    @pytest.mark.parametrize("lost", ["timeout", ""], ids=["a failed run", "a missing cell"])
    def test_the_mean_is_over_complete_cells_only(self, record: Make, tables: Tables, lost: str) -> None:
        made = [run for run in self.made(record) if (run.spec.entrant, run.spec.case) != ("bit", "hard")]
        if lost:
            made += [record("bit", seed, case="hard", status=lost) for seed in range(3)]
        (table,) = tables(made)
        assert cell(table, "bit", "mean").state == "incomplete"
        assert cell(table, "bit", "mean").values == ()
        assert cell(table, "vit", "mean").state == "scored"

    def test_the_mean_is_of_the_seeds_that_all_cases_have(self, record: Make, tables: Tables) -> None:
        more = [record(name, seed, 0.9, case="hard") for name in ("vit", "bit") for seed in (3, 4)]
        (table,) = tables([*self.made(record), *more])
        mean = cell(table, "vit", "mean")
        assert (mean.seeds, len(mean.records)) == ((0, 1, 2), 6)
        assert mean.values == pytest.approx((0.6, 0.62, 0.64))
        assert cell(table, "vit", "hard").seeds == (0, 1, 2, 3, 4)
        assert rows(table)["vit"].effort.seeds == Span(3, 5)
        text = render([table], "markdown")
        assert "The mean over cases is of the seeds that all of them have." in text
        assert "seeds: hard 0-4; plain 0-2;" in text

    def test_one_case_has_no_mean(self, record: Make, tables: Tables) -> None:
        (table,) = tables([record("vit", 0)])
        assert [column.name for column in table.columns] == ["plain"]


class TestBest:
    def marks(self, table: Table, column: str = "plain") -> dict[str, str]:
        return {row.label: cell(table, row.label, column).mark for row in table.rows}

    def test_the_best_and_what_lies_within_its_interval(self, record: Make, tables: Tables) -> None:
        levels = {"a": 0.80, "b": 0.79, "c": 0.70}
        (table,) = tables(record(name, s, level + s * 0.01) for name, level in levels.items() for s in range(3))
        assert self.marks(table) == {"a": "best", "b": "tie", "c": ""}

    def test_lower_is_better_where_the_metric_says_so(self, record: Make, tables: Tables) -> None:
        made = [record(name, s, {"loss": v + s / 100}) for name, v in (("a", 1.0), ("b", 2.0)) for s in range(3)]
        (table,) = tables(made, metric="loss")
        assert self.marks(table) == {"a": "best", "b": ""}

    def test_without_an_interval_only_the_same_value_is_as_good(self, record: Make, tables: Tables) -> None:
        (table,) = tables(record(name, 0, value) for name, value in (("a", 0.8), ("b", 0.8), ("c", 0.7999)))
        assert self.marks(table) == {"a": "best", "b": "best", "c": ""}

    def test_what_failed_is_never_the_best(self, record: Make, tables: Tables) -> None:
        made = [record("a", 0, 0.9, status="timeout"), record("b", 0, 0.5), record("c", 0, 0.4)]
        assert self.marks(tables(made)[0]) == {"a": "", "b": "best", "c": ""}

    def test_a_lone_value_is_the_best_of_nothing(self, record: Make, tables: Tables) -> None:
        assert self.marks(tables([record("a", 0)])[0]) == {"a": ""}

    def test_a_time_beside_other_runs_is_flagged_and_not_compared(self, record: Make, tables: Tables) -> None:
        made = [
            record(name, 0, {"step_ms": value}, case="cost", contended=name == "a")
            for name, value in (("a", 1.0), ("b", 2.0), ("c", 3.0))
        ]
        (table,) = tables(made)
        assert cell(table, "a", "cost").flags == ("contended",)
        assert self.marks(table, "cost") == {"a": "", "b": "best", "c": ""}

    def test_a_mean_over_diverged_runs_is_never_the_best(self, record: Make, tables: Tables) -> None:
        made = [record("a", seed, 0.9, status="diverged" if seed else "ok") for seed in range(2)]
        made += [record(name, seed, value) for name, value in (("b", 0.3), ("c", 0.2)) for seed in range(2)]
        assert self.marks(tables(made)[0]) == {"a": "", "b": "best", "c": ""}

    def test_references_are_never_the_best(self, record: Make, tables: Tables) -> None:
        made = [
            record(name, 0, value, kind="reference" if name == "oracle" else "baseline")
            for name, value in (("a", 0.5), ("b", 0.6), ("oracle", 0.9))
        ]
        (table,) = tables(made)
        assert self.marks(table, "plain") == {"a": "", "b": "best", "oracle": ""}


class TestRows:
    def test_the_kinds_of_entrants_stand_in_this_order(self, record: Make, tables: Tables) -> None:
        kinds = {
            "mine": "plugin",
            "known": "reference",
            "half": "ablation",
            "z": "baseline",
            "b": "baseline",
            "vit": "method",
        }
        (table,) = tables(record(name, 0, kind=kind) for name, kind in kinds.items())
        assert [row.label for row in table.rows] == ["vit", "b", "z", "half", "mine", "known"]

    def test_parameters_are_ordered_by_size(self, record: Make, tables: Tables) -> None:
        (table,) = tables(record("vit", 0, chosen={"m": m}) for m in (128, 16, 64))
        assert [row.label for row in table.rows] == ["vit[m=16]", "vit[m=64]", "vit[m=128]"]

    def test_what_it_took_stands_in_the_row(self, record: Make, tables: Tables) -> None:
        made = [record("vit", s, train_s=1.0 + s, weights=10 + s, trials=4) for s in range(3)]
        effort = tables(made)[0].rows[0].effort
        assert (effort.weights, effort.train_s, effort.trials, effort.seeds) == (Span(10, 12), 2.0, 4, Span(3, 3))
        assert not effort.contended
        assert tables([record("vit", 0, contended=True)])[0].rows[0].effort.contended

    def test_without_a_budget_there_are_no_weights_and_no_training_time(self, record: Make, tables: Tables) -> None:
        effort = tables([record("vit", 0, budget=Budget("examples", 0), weights=0, train_s=0.0)])[0].rows[0].effort
        assert effort.weights is None
        assert math.isnan(effort.train_s)

    def test_flops_stand_in_the_row_where_the_task_counts_them(
        self, record: Make, tables: Tables, card: Callable[..., Card]
    ) -> None:
        counting = card(metrics={**card().metrics, "flops": {"better": "lower", "exact": True}})
        made = [record("vit", 0, {"accuracy": 0.5, "flops": 1e9}, card=counting)]
        assert tables(made, counting)[0].rows[0].effort.flops == Span(1e9, 1e9)

    def test_chance_and_ceiling_stand_below(self, record: Make, tables: Tables) -> None:
        (table,) = tables([record("vit", 0), record("vit", 0, case="hard")])
        assert table.references == (Reference("chance", (0.1, 0.1, 0.1)), Reference("ceiling", (1.0, 1.0, 1.0)))
        assert tables([record("vit", 0, {"loss": 1.0})], metric="loss")[0].references == ()

    def test_chance_may_depend_on_what_the_seed_drew(
        self, record: Make, tables: Tables, card: Callable[..., Card]
    ) -> None:
        made = []
        for seed, chance in enumerate((0.2, 0.4)):
            entry = card().metrics["accuracy"].model_copy(update={"chance": chance})
            made += [record(name, seed, metrics={"accuracy": entry}) for name in ("vit", "bit")]
        assert tables(made)[0].references[0].values == (pytest.approx(0.3),)


class TestColumns:
    def names(self, table: Table) -> list[str]:
        return [column.name for column in table.columns]

    def test_cases_stand_in_the_cards_order(self, record: Make, tables: Tables) -> None:
        (table,) = tables([record("vit", 0, case="hard"), record("vit", 0)])
        assert self.names(table) == ["plain", "hard", "mean"]
        assert [column.generated for column in table.columns] == [False, True, True]

    def test_a_case_with_another_metric_or_a_timed_one_has_a_table_of_its_own(
        self, record: Make, tables: Tables
    ) -> None:
        main, cost = tables([record("vit", 0), record("vit", 0, {"step_ms": 3.0, "accuracy": 0.5}, case="cost")])
        assert (main.name, main.metric, self.names(main)) == ("toy-small", "accuracy", ["plain"])
        assert (cost.name, cost.metric, self.names(cost)) == ("toy-small-cost", "step_ms", ["cost"])

    def test_the_card_may_spread_points(self, record: Make, tables: Tables, card: Callable[..., Card]) -> None:
        by_shift = card(column="shift")
        scores = {"accuracy": {(("shift", shift),): 0.5 for shift in (40, 20)}}
        (table,) = tables([record("vit", 0, scores, card=by_shift)], by_shift)
        assert self.names(table) == ["shift = 20", "shift = 40"]
        scores = {"accuracy": {(("shift", shift),): 0.5 for shift in ("men", "dusk")}}
        (table,) = tables([record("vit", 0, scores, card=by_shift, case=case) for case in ("plain", "hard")], by_shift)
        assert self.names(table) == ["plain, men", "plain, dusk", "hard, men", "hard, dusk"]

    def test_further_points_are_shown_by_their_axis_alone(self, record: Make, tables: Tables) -> None:
        scores = {"accuracy": {(): 0.5, (("L", 64.0),): 0.25, (("L", 8.0),): 0.75}}
        made = [record("vit", 0, scores), record("vit", 0, 0.5, case="hard")]
        assert self.names(tables(made)[0]) == ["plain", "hard", "mean"]
        (table,) = tables(made, by="L")
        assert (table.name, self.names(table)) == ("toy-small-by-L", ["L = 8", "L = 64"])
        assert [result.value for result in table.rows[0].cells] == [0.75, 0.25]

    def test_points_are_spread_where_nothing_else_was_measured(self, record: Make, tables: Tables) -> None:
        scores = {"step_ms": {(("L", 256.0),): 1.0, (("L", 1024.0),): 4.0}}
        (table,) = tables([record("vit", 0, scores, case="cost")])
        assert self.names(table) == ["L = 256", "L = 1024"]

    def test_a_diverged_run_is_at_chance_at_every_point(self, record: Make, tables: Tables) -> None:
        scores = {"accuracy": {(("L", length),): 0.5 for length in (8.0, 64.0)}}
        made = [record("vit", 0, scores), record("vit", 1, 0.1, status="diverged")]
        (table,) = tables(made)
        assert self.names(table) == ["L = 8", "L = 64"]
        assert [result.values for result in table.rows[0].cells] == [(0.5, 0.1)] * 2

    def test_a_diverged_run_is_at_chance_along_any_axis(self, record: Make, tables: Tables) -> None:
        scores = {"accuracy": {(): 0.4, (("L", 8.0),): 0.5, (("L", 64.0),): 0.6}}
        made = [record("vit", 0, scores), record("vit", 1, 0.1, status="diverged"), record("vit", 0, case="hard")]
        (table,) = tables(made, by="L")
        assert self.names(table) == ["L = 8", "L = 64"]
        assert [result.values for result in table.rows[0].cells] == [(0.5, 0.1), (0.6, 0.1)]

    def test_an_axis_of_cases_orders_and_names_them(self, record: Make, tables: Tables) -> None:
        (table,) = tables([record("vit", 0, case="hard"), record("vit", 0)], by="n")
        assert self.names(table) == ["n = 100", "n = 400"]
        assert [column.case for column in table.columns] == ["plain", "hard"]

    def test_a_parameter_may_be_spread_instead_of_its_rows(self, record: Make, tables: Tables) -> None:
        made = [record("vit", 0, m / 100, chosen={"m": m, "act": "relu"}) for m in (64, 16)] + [record("bit", 0)]
        (table,) = tables(made, by="m")
        assert ([row.label for row in table.rows], self.names(table)) == (["vit[act=relu]"], ["m = 16", "m = 64"])
        assert [result.value for result in table.rows[0].cells] == [0.16, 0.64]

    def test_a_run_that_failed_keeps_its_row_when_points_are_spread(self, record: Make, tables: Tables) -> None:
        made = [record("vit", 0, {"accuracy": {(("L", 8.0),): 0.5}}), record("bit", 0, status="oom")]
        (table,) = tables(made, by="L")
        assert cell(table, "bit", "L = 8").text == "oom 1/1"

    def test_an_unknown_axis_or_metric_is_named_with_the_nearest(self, record: Make, tables: Tables) -> None:
        made = [record("vit", 0, {"accuracy": {(): 0.5, (("shift", 1.0),): 0.5}})]
        with pytest.raises(UserError, match=r"unknown axis of toy at small 'shfit'; did you mean shift\?"):
            tables(made, by="shfit")
        with pytest.raises(UserError, match=r"unknown metric of toy 'acuracy'; did you mean accuracy\?"):
            tables(made, metric="acuracy")

    def test_an_axis_of_another_metric_names_that_metric(self, record: Make, tables: Tables) -> None:
        made = [record("vit", 0, {"accuracy": 0.5, "loss": {(("L", 8.0),): 1.0}})]
        with pytest.raises(UserError, match=r"no table's metric lies on axis 'L'; these metrics do: loss$"):
            tables(made, by="L")

    def test_points_of_the_curve_are_no_scores(self, record: Make, tables: Tables) -> None:
        curve = ({"spent": 500.0, "valid_accuracy": 0.9},)
        (table,) = tables([record("vit", 0, 0.5, curve=curve)])
        assert (self.names(table), table.rows[0].cells[0].value) == (["plain"], 0.5)


class TestViews:
    def test_no_records_give_no_table(self, tables: Tables) -> None:
        assert tables([]) == []

    def test_a_tier_that_is_asked_for_leaves_the_others_out(self, record: Make, tables: Tables) -> None:
        made = [record("vit", 0, 0.5), record("vit", 0, 0.25, tier="quick")]
        assert tables(made, tier="quick")[0].rows[0].cells[0].value == 0.25

    def test_the_first_seeds_can_be_shown_alone(self, record: Make, tables: Tables) -> None:
        made = [record("vit", seed) for seed in range(5)] + [record("bit", seed) for seed in range(3)]
        assert tables(made, seeds=3)[0].provenance.seeds == (0, 1, 2)

    def test_the_same_records_give_the_same_table_in_any_order(self, record: Make, tables: Tables) -> None:
        made = [record(name, s, s / 10, case=case) for name in "ab" for case in ("plain", "hard") for s in range(3)]
        assert tables(made) == tables(reversed(made))

    @pytest.mark.parametrize(
        "change", [{"scores": 0.75}, {"train_s": 9.0}, {"status": "oom"}, {"code": "e" * 32}], ids=str
    )
    def test_the_digest_tells_other_records(self, record: Make, tables: Tables, change: dict[str, Any]) -> None:
        before, after = (tables([record("vit", 0), record("bit", 0, **fields)]) for fields in ({}, change))
        assert before[0].provenance.digest != after[0].provenance.digest

    def test_the_provenance_names_all_that_the_records_have_in_common(self, record: Make, tables: Tables) -> None:
        made = [record("vit", s) for s in range(3)] + [record("vit", s, case="hard", dirty=True) for s in range(3)]
        result = tables(made)[0].provenance
        assert (result.version, result.data, result.seeds) == (1, ("atlas (generator)", "cards"), (0, 1, 2))
        assert (result.budget, result.devices) == (("1,000 examples",), ("cpu, 1 thread",))
        assert result.commits == ("aaaaaaaaaa", "aaaaaaaaaa (dirty)")
        assert result.records == 6


class TestExpected:
    def expected(self, made: list[Record], **changes: Any) -> ExpectedRuns:
        keys = {(run.spec.case, run.spec.label, run.spec.seed): run.key for run in made}
        return ExpectedRuns(**{"keys": keys, "kinds": {run.spec.label: "baseline" for run in made}, **changes})

    def test_a_planned_entrant_without_any_record_has_a_row(self, record: Make, tables: Tables) -> None:
        made = [record(name, seed) for name in ("a", "b") for seed in range(2)]
        (table,) = tables(made[:2], expected=self.expected(made))
        assert cell(table, "b", "plain").state == "missing"
        command = "harness run --task toy --tier small --case plain --entrant b"
        assert table.notes == (f"missing: b, case plain, seeds 0, 1; `{command}`",)

    def test_gaps_of_one_kind_are_one_note(self, record: Make, tables: Tables) -> None:
        made = [record(name, 0) for name in ("a", "b", "c")]
        (table,) = tables(made[:1], expected=self.expected(made))
        command = "harness run --task toy --tier small --case plain --entrant b --entrant c"
        assert table.notes == (f"missing: b, c, case plain, seed 0; `{command}`",)

    def test_planned_seeds_that_no_row_has_are_named(self, record: Make, tables: Tables) -> None:
        made = [record("a", seed) for seed in range(5)]
        (table,) = tables(made[:2], expected=self.expected(made))
        assert [note.partition(";")[0] for note in table.notes] == ["missing: a, case plain, seeds 2-4"]

    def test_a_command_asks_for_the_seeds_that_the_tier_does_not_have(
        self, record: Make, tables: Tables, card: Callable[..., Card]
    ) -> None:
        planned = card().tiers["small"].seeds
        made = [record(name, seed) for name in ("a", "b") for seed in range(planned + 2)]
        (table,) = tables(made[: planned + 2], expected=self.expected(made))
        (note,) = table.notes
        assert note.endswith(f"--case plain --entrant b --seeds {planned + 2}`")

    def test_a_command_asks_for_no_number_of_seeds_where_the_case_has_so_many(
        self, record: Make, tables: Tables, card: Callable[..., Card]
    ) -> None:
        tier = card().tiers["small"]
        planned = tier.seeds + 2
        small = tier.model_copy(update={"case": {"plain": Override(seeds=planned)}})
        made = [record(name, seed) for name in ("a", "b") for seed in range(planned)]
        (table,) = tables(made[:planned], card=card(tiers={"small": small}), expected=self.expected(made))
        assert [note.partition("; ")[2] for note in table.notes] == [
            "`harness run --task toy --tier small --case plain --entrant b`"
        ]

    def test_a_command_says_again_what_the_users_command_said(self, record: Make, tables: Tables) -> None:
        made = [record(name, 0) for name in ("a", "mine")]
        expected = replace(self.expected(made), kinds={"a": "baseline", "mine": "plugin"})
        given = Given(Path("other results"), [Path("my plugin.py")])
        command = "harness run --task toy --tier small --case plain --entrant mine"
        (table,) = tables(made[:1], expected=expected, given=given)
        assert table.notes[0].endswith(f"`{command} --plugin 'my plugin.py' --results 'other results'`")
        (table,) = tables(made[:1], expected=expected)
        assert table.notes[0].endswith(f"`{command} --plugin FILE`")

    def test_rows_that_are_not_asked_for_leave_neither_cells_nor_notes(self, record: Make, tables: Tables) -> None:
        made = [record(name, seed) for name in ("a", "b", "c") for seed in range(2)]
        (table,) = tables(made[:-1], expected=self.expected(made), entrants=("a",))
        assert ([row.label for row in table.rows], table.notes) == (["a"], ())

    def test_a_planned_case_without_any_record_is_named(self, record: Make, tables: Tables) -> None:
        made = [record("a", 0, case=case) for case in ("plain", "hard")]
        (table,) = tables(made[:1], expected=self.expected(made))
        assert table.notes == ("missing: all of case hard; `harness run --task toy --tier small --case hard`",)

    def test_a_cell_that_is_not_planned_is_no_gap(self, record: Make, tables: Tables) -> None:
        made = [record("a", 0), record("a", 0, case="hard"), record("sweep", 0)]
        (table,) = tables(made, expected=self.expected(made))
        assert cell(table, "sweep", "hard").state == "not planned"
        assert table.notes == ()

    def test_an_entrant_that_cannot_take_part_is_not_applicable(self, record: Make, tables: Tables) -> None:
        made = [record("a", 0), record("a", 0, case="hard"), record("b", 0)]
        why = {("hard", "b"): "does not have 'codes'"}
        (table,) = tables(made, expected=self.expected(made, inapplicable=why))
        assert cell(table, "b", "hard").state == "not applicable"
        assert table.notes == ("not applicable: b in hard (does not have 'codes')",)

    def test_a_spread_parameter_leaves_no_gaps(self, record: Make, tables: Tables) -> None:
        made = [record("vit", 0, chosen={"m": m}) for m in (16, 64)] + [record("bit", 0)]
        (table,) = tables(made, by="m", expected=self.expected(made))
        assert ([row.label for row in table.rows], table.notes) == (["vit"], ())

    def test_a_stale_record_is_flagged_with_the_command_that_renews_it(self, record: Make, tables: Tables) -> None:
        made = [record("a", 0), record("b", 0)]
        changed = [record("a", 0, code="e" * 32), made[1]]
        (table,) = tables(made, expected=self.expected(changed))
        assert (cell(table, "a", "plain").flags, cell(table, "b", "plain").flags) == (("stale",), ())
        (note,) = table.notes
        assert note.endswith("since: a; `harness run --task toy --tier small --entrant a`")

    def test_an_old_version_is_noted(self, record: Make, tables: Tables, card: Callable[..., Card]) -> None:
        (table,) = tables([record("a", 0)], card(version=2))
        assert table.notes == ("made at task version 1; the card is at version 2",)
