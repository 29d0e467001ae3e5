"""Heat maps: every place is a cell of the table; what is lost, diverged or missing is marked, and said below."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from harness.core.errors import UserError
from harness.figures.build import Skipped
from harness.figures.drawing.frame import draw, settings
from harness.figures.drawing.heat import BEST, DIVERGED, LOST, MISSING, colours_of, marks_of
from harness.figures.files import render
from harness.figures.heat import HeatMap, Map
from harness.records.record import Record
from harness.tables.table import Table

Make = Callable[..., Record]
Maps = Callable[..., HeatMap]

GRID = {"x": "server_lr", "y": "client_lr"}
MODULES = {"x": "shift", "y": "L"}


def at(record: Make, name: str, client: float, server: float, value: float = 0.5, seed: int = 0, **more: Any) -> Record:
    """A record of an entrant at a place of the grid; the default is at (0.1, 1)."""
    parameters = {"client_lr": client, "server_lr": server}
    chosen = {} if (client, server) == (0.1, 1.0) else parameters
    key = f"{name}{client}{server}{seed}{more.get('case')}"
    return record(name, seed, value, parameters=parameters, chosen=chosen, key=key, **more)


def grid(record: Make, name: str = "adam", **more: Any) -> list[Record]:
    """A grid of 3 x 2 places with two seeds each; the best is at (0.1, 1)."""
    return [
        at(record, name, client, server, 0.9 - abs(client - 0.1) / 2 - (server != 1.0) / 10 + seed / 100, seed, **more)
        for client, server, seed in itertools.product((0.01, 0.1, 1.0), (0.1, 1.0), (0, 1))
    ]


def modules(record: Make, name: str, steps: int = 3) -> Record:
    """A record with a score for each module at each step."""
    return record(
        name, 0, {"accuracy": {(("shift", float(t)), ("L", m)): t / 10 + m for t in range(steps) for m in (1.0, 2.0)}}
    )


def maps(figure: HeatMap) -> list[Map]:
    return [panel for row in figure.panels for panel in row]


def values(panel: Map) -> Mapping[tuple[Any, Any], float]:
    return {(square.x, square.y): round(square.cell.value, 9) for square in panel.squares}


class TestSquares:
    def test_where_keeps_parameters_that_were_set_to_such_values(self, record: Make, heat: Maps) -> None:
        made = [*grid(record), *(at(record, "adam", 0.037, 0.5, seed=seed) for seed in (0, 1))]
        everywhere, on_the_grid = (heat(made, **GRID, where=where) for where in ({}, {"client_lr": (0.01, 0.1, 1.0)}))
        assert (everywhere.ys, on_the_grid.ys) == ((0.01, 0.037, 0.1, 1.0), (0.01, 0.1, 1.0))
        # As in claims, a default is no value that was set.
        assert {(square.x, square.y) for panel in maps(everywhere) for square in panel.squares} - {
            (square.x, square.y) for panel in maps(on_the_grid) for square in panel.squares
        } == {(0.5, 0.037), (1.0, 0.1)}

    def test_a_square_is_the_cell_of_the_table(
        self, record: Make, heat: Maps, tables: Callable[..., list[Table]]
    ) -> None:
        made = grid(record)
        (table,) = tables(made)
        (panel,) = maps(heat(made, **GRID))
        cells = {row.label: row.cells[0] for row in table.rows}
        found = {(square.x, square.y): square.cell for square in panel.squares}
        assert found[0.1, 0.01].values == cells["adam[client_lr=0.01,server_lr=0.1]"].values
        assert found[1.0, 0.1].values == cells["adam"].values
        assert len(found) == 6

    def test_the_default_is_a_place_like_any_other_and_counts_once(self, record: Make, heat: Maps) -> None:
        twice = at(record, "adam", 0.1, 1.0).model_copy(update={"parameters": {"client_lr": 0.1, "server_lr": 1.0}})
        again = record(
            "adam", 0, parameters=twice.parameters, chosen={"client_lr": 0.1, "server_lr": 1.0}, key=twice.key
        )
        (panel,) = maps(heat([twice, again, at(record, "adam", 0.01, 1.0)], **GRID))
        assert values(panel) == {(1.0, 0.1): 0.5, (1.0, 0.01): 0.5}
        assert {square.cell.seeds for square in panel.squares} == {(0,)}

    def test_points_of_measurement_are_axes_too(self, record: Make, heat: Maps) -> None:
        (panel,) = maps(heat([modules(record, "rim")], **MODULES))
        assert values(panel)[2.0, 1.0] == 1.2
        assert len(panel.squares) == 6

    def test_entrants_may_be_the_rows_of_one_map(self, record: Make, heat: Maps) -> None:
        made = [
            record(name, 0, {"accuracy": {(("shift", 1.0),): value, (("shift", 2.0),): value / 2}})
            for name, value in (("adam", 0.8), ("yogi", 0.6))
        ]
        (panel,) = maps(heat(made, x="shift", y="entrant", columns="metric"))
        assert values(panel) == {(1.0, "adam"): 0.8, (2.0, "adam"): 0.4, (1.0, "yogi"): 0.6, (2.0, "yogi"): 0.3}
        assert panel.labels == ("adam", "yogi")
        with pytest.raises(ValueError, match="y = 'entrant' needs other rows and columns"):
            heat(made, x="shift", y="entrant")

    def test_a_parameter_and_a_point_may_be_mixed(self, record: Make, heat: Maps) -> None:
        made = [
            record(
                "rim",
                0,
                {"accuracy": {(("shift", 1.0),): k / 10, (("shift", 2.0),): k / 5}},
                parameters={"k": k},
                chosen={"k": k},
                key=f"k{k}",
            )
            for k in (1, 2)
        ]
        (panel,) = maps(heat(made, x="shift", y="k"))
        assert values(panel) == {(1.0, 1.0): 0.1, (2.0, 1.0): 0.2, (1.0, 2.0): 0.2, (2.0, 2.0): 0.4}

    def test_numbers_are_in_order_of_size_whatever_was_measured_first(self, record: Make, heat: Maps) -> None:
        made = [at(record, "adam", client, 1.0) for client in (10.0, 0.01, 1.0)]
        assert heat(made, **GRID).ys == (0.01, 1.0, 10.0)

    @pytest.mark.parametrize(("metric", "best"), [("accuracy", 0.7), ("loss", 0.5)])
    def test_the_best_square_of_each_panel_is_marked(self, record: Make, heat: Maps, metric: str, best: float) -> None:
        made = [at(record, "adam", 0.1, server, {metric: 0.5 + i / 10}) for i, server in enumerate((0.1, 1.0, 10.0))]
        (panel,) = maps(heat(made, **GRID, metrics=[metric]))
        assert [square.cell.value for square in panel.squares if square.cell.mark == "best"] == [best]
        (panel,) = maps(heat(made, **GRID, metrics=[metric], best=False))
        assert not any(square.cell.mark for square in panel.squares)


class TestPanels:
    def test_entrants_are_columns_and_cases_rows(self, record: Make, heat: Maps) -> None:
        made = [one for case in ("hard", "plain") for name in ("adam", "yogi") for one in grid(record, name, case=case)]
        figure = heat(made, **GRID)
        assert [[panel.title for panel in row] for row in figure.panels] == [
            ["adam, plain", "yogi, plain"],
            ["adam, hard", "yogi, hard"],
        ]
        assert [panel.generated for panel in maps(figure)] == [False, False, True, True]

    def test_a_long_row_goes_on_in_the_next(self, record: Make, heat: Maps) -> None:
        figure = heat([modules(record, f"rim{i}") for i in range(6)], **MODULES)
        assert [len(row) for row in figure.panels] == [4, 2]

    def test_one_entrant_leaves_rows_and_columns_to_others(self, record: Make, heat: Maps) -> None:
        made = [*grid(record), *grid(record, case="hard"), *grid(record, "yogi")]
        figure = heat(made, **GRID, entrants=["adam"], rows="metric", columns="case")
        assert [panel.title for panel in maps(figure)] == ["plain", "hard"]

    def test_who_lacks_an_axis_is_named_and_not_drawn(self, record: Make, heat: Maps) -> None:
        average = [record("average", seed, parameters={"client_lr": 0.1}, key=f"a{seed}") for seed in (0, 1)]
        figure = heat([*grid(record), *average], **GRID)
        assert [panel.labels for panel in maps(figure)] == [("adam",)]
        assert "not drawn, without server_lr or client_lr: average" in figure.notes


class TestLosses:
    def test_a_place_without_records_is_not_measured(self, record: Make, heat: Maps) -> None:
        made = [one for one in grid(record) if one.spec.chosen != {"client_lr": 1.0, "server_lr": 0.1}]
        figure = heat(made, **GRID)
        assert len(figure.squares) == 5
        assert marks_of(figure) == ["best of its panel", "not measured"]

    @pytest.mark.parametrize("lost", [(0,), (0, 1)])
    def test_a_place_with_a_lost_seed_is_crossed_and_said(
        self, record: Make, heat: Maps, lost: tuple[int, ...]
    ) -> None:
        made = [one for one in grid(record) if one.spec.chosen != {"client_lr": 1.0, "server_lr": 1.0}]
        made += [at(record, "adam", 1.0, 1.0, 0.5, seed, status="timeout" if seed in lost else "ok") for seed in (0, 1)]
        figure = heat(made, **GRID)
        (cell,) = (square.cell for square in figure.squares if (square.x, square.y) == (1.0, 1.0))
        assert (cell.state, cell.text) == ("failed", f"timeout {len(lost)}/2")
        assert "a seed is lost" in marks_of(figure)
        assert figure.notes[0].startswith("timeout: adam[client_lr=1.0,server_lr=1.0], case plain, seed")
        assert "not drawn wherever a seed is lost: adam" in figure.notes

    def test_a_place_where_all_diverged_has_the_score_of_chance_and_is_marked(self, record: Make, heat: Maps) -> None:
        made = [one for one in grid(record) if one.spec.chosen != {"client_lr": 1.0, "server_lr": 1.0}]
        made += [at(record, "adam", 1.0, 1.0, 0.1, seed, status="diverged") for seed in (0, 1)]
        figure = heat(made, **GRID)
        assert values(maps(figure)[0])[1.0, 1.0] == 0.1
        assert "with diverged runs" in marks_of(figure)
        assert "with diverged runs, scored at chance or worse: adam" in figure.notes

    def test_many_losses_of_an_entrant_are_one_line(self, record: Make, heat: Maps) -> None:
        made = [
            *grid(record),
            *(at(record, "adam", 10.0, 10.0**i, 0.1, s, status="diverged") for i in (0, 1) for s in (0, 1)),
        ]
        lines = [note for note in heat(made, **GRID).notes if note.startswith("diverged: ")]
        assert lines == [
            "diverged: 4 runs of adam; the first: adam[client_lr=10.0,server_lr=1.0], case plain, seed 0: "
            "RuntimeError: it broke twice"
        ]

    def test_an_entrant_that_always_failed_is_named(self, record: Make, heat: Maps) -> None:
        made = [*grid(record), *(at(record, "yogi", 0.1, 1.0, 0.5, seed, status="oom") for seed in (0, 1))]
        figure = heat(made, **GRID)
        assert [panel.labels for panel in maps(figure)] == [("adam",)]
        assert any(note.startswith("oom: yogi") for note in figure.notes)
        assert any(note.startswith("not drawn: yogi (oom 2/2)") for note in figure.notes)


class TestRefusals:
    def test_what_tables_refuse_maps_refuse(self, record: Make, heat: Maps) -> None:
        with pytest.raises(UserError, match="rows of one table differ in data"):
            heat([*grid(record), *grid(record, "yogi", data="cards:" + "e" * 32)], **GRID)

    def test_points_that_are_not_spread_are_never_averaged(self, record: Make, heat: Maps) -> None:
        with pytest.raises(UserError, match="measured at 2 places on axis 'L'"):
            heat([modules(record, "rim")], x="shift", y="k")

    def test_at_one_place_there_is_no_map(self, record: Make, outcome: Any) -> None:
        skipped = outcome([at(record, "adam", 0.1, 1.0)], kind="heat", metrics=["accuracy"], **GRID)
        assert skipped == Skipped(
            "toy-small-figure",
            "accuracy at one place only on axes server_lr and client_lr, and no other is planned at tier small",
        )

    def test_without_a_scored_square_it_says_what_happened(self, record: Make, outcome: Any) -> None:
        made = [at(record, "adam", 0.1, 1.0), at(record, "adam", 0.1, 1.0, seed=1, status="oom")]
        skipped = outcome(made, kind="heat", metrics=["accuracy"], **GRID)
        assert skipped.why.startswith("no entrant is scored at all its seeds: oom: adam, case plain, seed 1")


class TestColours:
    @pytest.mark.parametrize("metric", ["accuracy", "loss"])
    @pytest.mark.parametrize("scale", ["linear", "log"])
    def test_better_is_brighter_also_in_grey(self, record: Make, heat: Maps, metric: str, scale: str) -> None:
        made = [at(record, "adam", 0.1, 10.0**i, {metric: (i + 1) / 10}) for i in range(9)]
        norm, colours = colours_of(heat(made, **GRID, metrics=[metric], scale=scale))
        grey = colours(norm(np.arange(1, 10) / 10.0), bytes=True)[:, :3] @ (0.299, 0.587, 0.114)
        assert (np.diff(grey if metric == "accuracy" else grey[::-1]) > 5).all()

    def test_values_that_are_all_alike_or_not_above_zero_have_colours(self, record: Make, heat: Maps) -> None:
        alike = [at(record, "adam", 0.1, server, 0.5) for server in (0.1, 1.0)]
        assert render(heat(alike, **GRID), ("svg",))
        nothing = [at(record, "adam", 0.1, server, {"loss": server}) for server in (-1.0, 0.0, 0.1, 1.0)]
        assert render(heat(nothing, **GRID, metrics=["loss"], scale="log"), ("svg",))


def test_axes_and_colours_are_named_with_units_and_numbers_stand_in_the_squares(record: Make, heat: Maps) -> None:
    svg = render(heat(grid(record), **GRID, x_label="server learning rate"), ("svg",))["svg"].decode()
    for words in ("server learning rate", "client_lr", "accuracy (share) ↑", "best of its panel", "0.01", "0.905"):
        assert f">{words}</text>" in svg


def test_places_are_named_in_few_characters(record: Make, heat: Maps) -> None:
    figure = heat([at(record, "adam", client, 1.0) for client in (0.00001, 0.003, 100.0)], **GRID)
    svg = render(figure, ("svg",))["svg"].decode()
    assert all(f">{words}</text>" in svg for words in ("1e-05", "0.003", "100"))


def test_where_squares_are_small_there_are_no_numbers(record: Make, heat: Maps) -> None:
    svg = render(heat([modules(record, "rim", steps=60)], **MODULES), ("svg",))["svg"].decode()
    assert ">7.90</text>" not in svg
    assert len(svg) < 40_000


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("y_label", ["", "learning rate of clients, times that of their case"])
def test_no_text_lies_on_another_or_outside(
    record: Make, heat: Maps, clashes: Callable[..., list[Any]], lost: bool, y_label: str
) -> None:
    made = [one for name in ("adam", "yogi_of_a_quite_long_name_indeed") for one in grid(record, name)]
    if lost:
        made += [at(record, "adam", 10.0**i, 1e-4, 0.3, seed) for i in range(2, 6) for seed in (0, 1)]
        made += [at(record, "adam", 10.0, 10.0, 0.3, seed, status="oom") for seed in (0, 1)]
        made += [at(record, "adam", 10.0, 1.0, 0.1, seed, status="diverged") for seed in (0, 1)]
    figure = heat(made, **GRID, y_label=y_label, best=lost)
    assert marks_of(figure) == [BEST, DIVERGED, LOST, MISSING] * lost
    with settings(figure):
        assert clashes(draw(figure)) == []


def test_the_digest_follows_the_records_and_the_same_records_give_the_same_bytes(record: Make, heat: Maps) -> None:
    one, same = (heat(grid(record), **GRID) for _ in range(2))
    other = heat([*grid(record)[:-1], at(record, "adam", 1.0, 1.0, 0.2, 1)], **GRID)
    assert one.made.digest == same.made.digest != other.made.digest
    assert render(one, ("svg",)) == render(same, ("svg",))
