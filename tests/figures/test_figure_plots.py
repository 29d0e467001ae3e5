"""What figures show: the means and intervals of tables, their refusals, and never a run dropped in silence."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from harness.core.errors import UserError
from harness.figures.build import Skipped
from harness.figures.drawing.frame import draw, settings
from harness.figures.files import render
from harness.figures.plot import Line, Panel, Plot
from harness.records.record import Record, RecordedScore
from harness.tables.results import ExpectedRuns
from harness.tables.table import Table

Make = Callable[..., Record]
Plots = Callable[..., Plot]
Tables = Callable[..., list[Table]]

OVER_SHIFT = {"kind": "lines", "metrics": ["accuracy"], "x": "shift"}
OVER_PATCH = {"kind": "lines", "metrics": ["accuracy"], "x": "patch"}
DOTS = {"kind": "dots", "metrics": ["accuracy"]}


def shifted(values: Sequence[float], metric: str = "accuracy", axis: str = "shift", start: float = 1.0) -> Any:
    """Scores of a metric at 1, 2, 4, ..."""
    return {metric: {((axis, start * 2**i),): value for i, value in enumerate(values)}}


def panels(plot: Plot) -> list[Panel]:
    return [panel for row in plot.panels for panel in row]


def line(panel: Panel, label: str) -> Line:
    return next(line for line in panel.lines if line.label == label)


def values(line: Line) -> dict[float | str, float]:
    return {point.x: round(point.cell.value, 9) for point in line.points}


class TestValues:
    def test_a_point_is_the_cell_of_the_table(
        self, record: Make, plot: Plots, tables: Callable[..., list[Table]]
    ) -> None:
        made = [record("vit", seed, shifted((0.5 + seed / 10, 0.7))) for seed in range(3)]
        (table,) = tables(made, by="shift")
        (panel,) = panels(plot(made, **OVER_SHIFT))
        assert [point.cell.values for point in line(panel, "vit").points] == [
            cell.values for cell in table.rows[0].cells
        ]
        first, second = (point.cell for point in line(panel, "vit").points)
        assert first.half == table.rows[0].cells[0].half > 0
        assert math.isnan(second.half)

    def test_one_seed_has_no_band(self, record: Make, plot: Plots) -> None:
        (panel,) = panels(plot([record("vit", 0, shifted((0.5, 0.7)))], **OVER_SHIFT))
        assert all(math.isnan(point.cell.half) for point in line(panel, "vit").points)

    def test_a_curve_is_over_the_budget_spent_and_has_loss_and_validation(self, record: Make, plot: Plots) -> None:
        curve = ({"spent": 500.0, "loss": 2.0}, {"spent": 1000.0, "loss": 1.0, "valid_accuracy": 0.6})
        made = [record("vit", seed, curve=curve) for seed in range(2)]
        shown = plot(made, kind="curves", values=["loss", "valid_accuracy"])
        loss, validation = panels(shown)
        assert values(line(loss, "vit")) == {500.0: 2.0, 1000.0: 1.0}
        assert values(line(validation, "vit")) == {1000.0: 0.6}
        assert (loss.y_label, validation.y_label) == ("loss (nats) ↓", "accuracy (share) ↑, validation")
        assert shown.x_label == "budget spent (examples)"

    def test_a_slope_is_fitted_from_its_place_on(self, record: Make, plot: Plots) -> None:
        made = [record("vit", seed, shifted((9.0, 1.0, 4.0, 16.0), "loss")) for seed in range(2)]
        (panel,) = panels(plot(made, kind="lines", metrics=["loss"], x="shift", scale="log", slope_from=2))
        assert panel.slopes["vit"].value == pytest.approx(2.0)
        assert math.isnan(panel.slopes["vit"].half)

    def test_a_line_of_one_point_has_its_interval(self, record: Make, plot: Plots) -> None:
        vit = [record("vit", seed, shifted((0.5 + seed / 10, 0.6))) for seed in range(2)]
        bit = [record("bit", seed, shifted((0.4 + seed / 10,))) for seed in range(2)]
        bands, with_point = (render(plot(made, **OVER_SHIFT), ("svg",))["svg"] for made in (vit, vit + bit))
        assert b"LineCollection" in with_point
        assert b"LineCollection" not in bands

    def test_a_band_ends_where_there_is_no_interval(self, record: Make, plot: Plots) -> None:
        made = [record("vit", seed, shifted((0.5 + seed / 10, 0.6 + seed / 10, 0.9))) for seed in range(2)]
        shown = plot(made, **OVER_SHIFT)
        with settings(shown):
            (band,) = draw(shown).axes[0].collections
        xs = np.concatenate([path.vertices[:, 0] for path in band.get_paths()])
        assert (xs.min(), xs.max()) == (1.0, 2.0)

    @pytest.mark.parametrize(("seeds", "drawn"), [(1, False), (2, True)])
    def test_a_dot_has_caps_only_if_it_has_an_interval(
        self, record: Make, plot: Plots, seeds: int, drawn: bool
    ) -> None:
        shown = plot([record("vit", seed, {"accuracy": {(): 0.5 + seed / 10}}) for seed in range(seeds)], **DOTS)
        with settings(shown):
            axes = draw(shown).axes[0]
        caps = [np.asarray(cap.get_xdata(), float) for cap in axes.lines if cap.get_marker() == "|"]
        assert [bool(np.isfinite(cap).all()) for cap in caps] == [drawn, drawn]


class TestPanels:
    def test_cases_are_columns_and_generated_data_is_marked(self, record: Make, plot: Plots) -> None:
        made = [record("vit", 0, case=case) for case in ("hard", "plain")]
        assert [(panel.title, panel.generated) for panel in panels(plot(made, **DOTS))] == [
            ("plain", False),
            ("hard", True),
        ]

    def test_metrics_are_rows_and_an_axis_may_be_columns(self, record: Make, plot: Plots) -> None:
        made = [record("vit", 0, {**shifted((0.5, 0.6)), **shifted((3.0, 2.0), "loss")})]
        shown = plot(made, kind="dots", metrics=["accuracy", "loss"], columns="shift")
        assert [[panel.title for panel in row] for row in shown.panels] == [["shift = 1", "shift = 2"]] * 2
        assert [row[0].y_label for row in shown.panels] == ["accuracy (share) ↑", "loss (nats) ↓"]

    def test_rows_of_many_columns_go_on_below(self, record: Make, plot: Plots) -> None:
        shifts = (0.5, 0.6, 0.7, 0.8, 0.9)
        made = [record("vit", 0, {**shifted(shifts), **shifted(shifts, "loss")})]
        shown = plot(made, kind="dots", metrics=["accuracy", "loss"], columns="shift")
        first = [f"shift = {shift}" for shift in (1, 2, 4, 8)]
        assert [[panel.title for panel in row] for row in shown.panels] == [
            first,
            first,
            ["shift = 16"],
            ["shift = 16"],
        ]
        assert render(shown, ("svg",))["svg"]

    def test_an_axis_of_cases_joins_them_in_one_panel(self, record: Make, plot: Plots) -> None:
        made = [record("vit", 0, value, case=case) for case, value in (("plain", 0.5), ("hard", 0.4))]
        (panel,) = panels(plot(made, kind="lines", metrics=["accuracy"], x="n", columns=""))
        assert values(line(panel, "vit")) == {100.0: 0.5, 400.0: 0.4}

    def test_where_keeps_the_points_that_it_names(self, record: Make, plot: Plots) -> None:
        (panel,) = panels(plot([record("vit", 0, shifted((0.5, 0.6, 0.7)))], **OVER_SHIFT, where={"shift": ">= 2"}))
        assert values(line(panel, "vit")) == {2.0: 0.6, 4.0: 0.7}

    def test_intervals_end_where_the_metric_does(self, record: Make, plot: Plots) -> None:
        spread = [record("vit", seed, shifted((value, 0.9))) for seed, value in enumerate((1.0, 1.0, 0.8))]
        (panel,) = panels(plot(spread, **OVER_SHIFT))
        cell = line(panel, "vit").points[0].cell
        assert cell.value + cell.half > 1 == cell.interval.hi
        assert panel.limits("linear")[1] < cell.value + cell.half

    def test_a_curve_on_the_validation_split_ends_where_the_metric_does(self, record: Make, plot: Plots) -> None:
        curves = [({"spent": 500.0, "valid_accuracy": value},) for value in (1.0, 1.0, 0.8)]
        made = [record("vit", seed, curve=curve) for seed, curve in enumerate(curves)]
        (panel,) = panels(plot(made, kind="curves", values=["valid_accuracy"]))
        assert line(panel, "vit").points[0].cell.interval.hi == 1

    def test_chance_is_drawn_where_the_axis_reaches_it(self, record: Make, plot: Plots) -> None:
        high, low = (panels(plot([record("vit", 0, shifted(v))], **OVER_SHIFT))[0] for v in ((0.5, 0.7), (0.05, 0.2)))
        assert not high.shows_chance("linear")
        assert low.shows_chance("linear")

    def test_the_axis_reaches_to_chance_where_nobody_does_better(self, record: Make, plot: Plots) -> None:
        guessed = {shift: 0.3 + shift / 10 for shift in (1, 2)}
        scores = [
            RecordedScore(metric="accuracy", value=0.1, n_used=1, n_expected=1, at={"shift": shift}, chance=chance)
            for shift, chance in guessed.items()
        ]
        shown = plot([record("vit", 0).model_copy(update={"scores": tuple(scores)})], **OVER_SHIFT)
        (panel,) = panels(shown)
        assert panel.chance == guessed
        assert panel.limits("linear")[1] > 0.5
        assert "chance" in render(shown, ("svg",))["svg"].decode()


class TestParameters:
    def swept(self, record: Make) -> list[Record]:
        return [
            record("vit", 0, 0.6, parameters={"patch": 4}, kind="method", key="a"),
            record("vit", 0, 0.5, parameters={"patch": 8}, chosen={"patch": 8}, kind="method", key="b"),
            record("vit", 0, 0.6, parameters={"patch": 4}, chosen={"patch": 4}, kind="method", key="a"),
            record("bit", 0, 0.4, key="c"),
            record("nil", 0, 0.3, parameters={"patch": 0}, key="d"),
        ]

    def test_the_default_is_a_place_like_any_other(self, record: Make, plot: Plots) -> None:
        (panel,) = panels(plot(self.swept(record), **OVER_PATCH))
        assert values(line(panel, "vit")) == {4.0: 0.6, 8.0: 0.5}

    def test_who_does_not_have_the_parameter_is_a_level_line(self, record: Make, plot: Plots) -> None:
        (panel,) = panels(plot(self.swept(record), **OVER_PATCH, x_scale="log"))
        assert {line.label: line.level for line in panel.lines} == {"vit": False, "bit": True, "nil": True}

    def test_without_a_second_place_the_figure_is_skipped(self, record: Make, outcome: Any) -> None:
        skipped = outcome(self.swept(record)[:1], **OVER_PATCH)
        assert skipped == Skipped(
            "toy-small-figure", "accuracy at one place only on axis patch, and no other is planned at tier small"
        )

    def test_the_planned_sweep_is_the_remedy(self, record: Make, outcome: Any) -> None:
        expected = ExpectedRuns({("plain", "vit[patch=8]", 0): ""}, {"vit[patch=8]": "method"})
        skipped = outcome(self.swept(record)[:1], {"expected": expected}, **OVER_PATCH)
        assert skipped.why.endswith("`harness run --task toy --tier small --entrant 'vit[patch=8]'`")

    def test_only_defaults_are_drawn_and_what_is_named(self, record: Make, plot: Plots) -> None:
        made = [record("vit", 0, key="a"), record("vit", 0, chosen={"depth": 3}, key="b"), record("bit", 0, key="c")]
        assert plot(made, **DOTS).labels == ("bit", "vit")
        assert plot(made, **DOTS, also=["vit[depth=3]"], entrants=["vit"]).labels == ("vit", "vit[depth=3]")


class TestCrossings:
    def crossed(self, record: Make, plot: Plots, one: Sequence[float], other: Sequence[float], **entries: Any) -> Plot:
        made = [record("a", s, shifted(one)) for s in (0, 1)] + [record("b", s, shifted(other)) for s in (0, 1)]
        return plot(made, **OVER_SHIFT, crossings=[["a", "b"]], **entries)

    def test_lines_cross_where_they_are_drawn_to_cross(self, record: Make, plot: Plots) -> None:
        shown = self.crossed(record, plot, (0.2, 0.4, 0.6), (0.5, 0.5, 0.5), x_scale="log2")
        (found,) = panels(shown)[0].crossings
        assert (found.after, found.before, found.y) == ("a", "b", pytest.approx(0.5))
        assert found.x == pytest.approx(2 * math.sqrt(2))
        assert "a overtakes b at shift ≈ 2.8, between 2 and 4" in found.text
        assert "in 2 of 2 seeds" in found.text
        assert found.text in shown.notes

    def test_on_a_linear_axis_they_cross_elsewhere(self, record: Make, plot: Plots) -> None:
        (found,) = panels(self.crossed(record, plot, (0.2, 0.4, 0.6), (0.5, 0.5, 0.5)))[0].crossings
        assert found.x == pytest.approx(3.0)

    def test_the_better_one_is_named_first_where_lower_is_better(self, record: Make, plot: Plots) -> None:
        made = [record("a", 0, shifted((1.0, 4.0), "loss")), record("b", 0, shifted((2.0, 2.0), "loss"))]
        shown = plot(made, kind="lines", metrics=["loss"], x="shift", scale="log", crossings=[["a", "b"]])
        (found,) = panels(shown)[0].crossings
        assert (found.after, found.before, found.y) == ("b", "a", pytest.approx(2.0))

    def test_a_seed_that_does_not_cross_is_counted(self, record: Make, plot: Plots) -> None:
        made = [record("a", 0, shifted((0.1, 0.9))), record("a", 1, shifted((0.6, 0.7)))]
        made += [record("b", seed, shifted((0.5, 0.5))) for seed in (0, 1)]
        (found,) = panels(plot(made, **OVER_SHIFT, crossings=[["a", "b"]]))[0].crossings
        assert "in 1 of 2 seeds" in found.text

    @pytest.mark.parametrize(
        ("one", "many"),
        [
            ((0.6, 0.7, 0.8), 0),
            ((0.4, 0.5, 0.6), 1),
            ((0.6, 0.5, 0.6), 0),
            ((0.5, 0.6, 0.7), 0),
            ((0.5, 0.5, 0.5), 0),
            ((0.4, 0.6, 0.4), 2),
        ],
    )
    def test_touching_counts_once_and_only_if_the_lead_changes(
        self, record: Make, plot: Plots, one: Sequence[float], many: int
    ) -> None:
        assert len(panels(self.crossed(record, plot, one, (0.5, 0.5, 0.5)))[0].crossings) == many


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"version": 2}, "task version"),
            ({"data": "cards:" + "e" * 32}, "data"),
            ({"settings": {"width": 3}}, "settings"),
        ],
    )
    def test_what_tables_refuse_figures_refuse(
        self, record: Make, plot: Plots, change: dict[str, Any], what: str
    ) -> None:
        with pytest.raises(UserError, match=rf"rows of one table differ in {what}.*to repair: harness run"):
            plot([record("vit", 0), record("bit", 0, **change)], **DOTS)

    def test_other_seeds_are_refused(self, record: Make, plot: Plots) -> None:
        with pytest.raises(UserError, match="differ in seeds"):
            plot([record("vit", 0), record("vit", 1), record("bit", 0)], **DOTS)

    def test_times_of_other_devices_are_refused(self, record: Make, plot: Plots) -> None:
        made = [record(name, 0, {"step_ms": 1.0}, case="cost", device=name) for name in ("cpu", "cuda")]
        with pytest.raises(UserError, match="device and threads"):
            plot(made, kind="dots", metrics=["step_ms"])

    def test_points_that_are_not_spread_are_never_averaged(self, record: Make, plot: Plots) -> None:
        with pytest.raises(UserError, match="measured at 2 places on axis 'shift'; name it in rows, columns or x"):
            plot([record("vit", 0, shifted((0.5, 0.6)))], **DOTS)

    def test_cases_that_are_not_spread_are_never_averaged(self, record: Make, plot: Plots) -> None:
        made = [record("vit", 0, shifted((0.5, 0.6)), case=case) for case in ("plain", "hard")]
        with pytest.raises(UserError, match="cases hard, plain fall together; spread 'case'"):
            plot(made, **OVER_SHIFT, columns="L")


class TestNotes:
    def test_a_failed_entrant_is_named_and_not_drawn(self, record: Make, plot: Plots) -> None:
        made = [record(name, seed, shifted((0.5, 0.6))) for name in ("vit", "bit") for seed in (0, 1)]
        made[-1] = record("bit", 1, status="timeout")
        shown = plot(made, **OVER_SHIFT)
        assert shown.labels == ("vit",)
        assert "timeout: bit, case plain, seed 1: RuntimeError: it broke twice" in shown.notes
        assert any(note.startswith("not drawn: bit (timeout 1/2)") for note in shown.notes)

    def test_an_entrant_that_always_failed_is_named(self, record: Make, plot: Plots) -> None:
        shown = plot([record("vit", 0), record("bit", 0, status="oom")], **DOTS)
        assert any(note.startswith("oom: bit") for note in shown.notes)

    def test_where_all_failed_the_figure_is_skipped_and_says_why(self, record: Make, outcome: Any) -> None:
        made = [record("vit", 0, shifted((0.5, 0.6))), record("vit", 1, status="oom")]
        skipped = outcome(made, **OVER_SHIFT)
        assert skipped.why.startswith("no entrant is scored at all its seeds: oom: vit, case plain, seed 1")

    def test_a_diverged_run_is_drawn_at_chance_at_every_place(self, record: Make, plot: Plots) -> None:
        made = [record("vit", seed, shifted((0.5, 0.6))) for seed in (0, 1)]
        made += [record("bit", 0, shifted((0.5, 0.6))), record("bit", 1, 0.1, status="diverged")]
        shown = plot(made, **OVER_SHIFT)
        assert values(line(panels(shown)[0], "bit")) == {1.0: 0.3, 2.0: 0.35}
        assert "with diverged runs, scored at chance or worse: bit" in shown.notes

    def test_a_curve_ends_where_a_seed_is_lost(self, record: Make, plot: Plots) -> None:
        curve = tuple({"spent": 100.0 * k, "loss": 1.0} for k in (1, 2, 3))
        made = [record("vit", 0, curve=curve), record("vit", 1, 0.1, curve=curve[:2], status="diverged")]
        shown = plot(made, kind="curves", values=["loss"])
        assert list(values(line(panels(shown)[0], "vit"))) == [100.0, 200.0]
        assert any(note.startswith("diverged: vit") for note in shown.notes)
        assert "not drawn wherever a seed is lost: vit" in shown.notes

    def test_times_taken_beside_other_runs_are_named(self, record: Make, plot: Plots) -> None:
        made = [record("vit", 0, {"step_ms": 1.0}, case="cost", contended=True)]
        assert "timed beside other runs, no claim uses it: vit" in plot(made, kind="dots", metrics=["step_ms"]).notes

    def test_planned_entrants_without_records_are_named_if_they_could_be_drawn(self, record: Make, plot: Plots) -> None:
        labels = ("vit", "bit", "lsh")
        expected = ExpectedRuns({("plain", label, 0): "" for label in labels}, dict.fromkeys(labels, "baseline"))
        subject = {"expected": expected, "capabilities": {"lsh": frozenset({"codes"}), "bit": frozenset()}}
        shown = plot([record("vit", 0, {"codes": 0.5})], subject, kind="dots", metrics=["codes"])
        assert "no records: lsh" in shown.notes

    def test_without_records_the_figure_names_what_is_missing_and_the_command(self, record: Make, outcome: Any) -> None:
        skipped = outcome([record("vit", 0)], kind="dots", metrics=["step_ms"])
        assert skipped.why == "no record with step_ms; `harness run --task toy --tier small --case cost`"

    def test_the_digest_follows_the_records(self, record: Make, plot: Plots) -> None:
        one, same, other = (plot([record("vit", 0, value)], **DOTS).made.digest for value in (0.5, 0.5, 0.6))
        assert one == same != other
