"""Performance profiles: the share of all runs above each threshold, and what is said below."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.core.card import Card
from harness.figures.build import Skipped
from harness.figures.files import render
from harness.figures.plot import Plot
from harness.figures.presentation import Presentation, check_presentation
from harness.records.record import Record

Make = Callable[..., Record]
Plots = Callable[..., Plot]

PROFILE = {"kind": "profile", "metrics": ["accuracy"]}


def records(record: Make) -> list[Record]:
    """A method with scores .2, .4 in one case and .6, .8 in the other, and a baseline that has .5 everywhere."""
    scores = {"plain": (0.2, 0.4), "hard": (0.6, 0.8)}
    return [
        record(name, seed, value if name == "new" else 0.5, case=case, kind=kind)
        for name, kind in (("new", "method"), ("old", "baseline"))
        for case, values in scores.items()
        for seed, value in enumerate(values)
    ]


def corners(plot: Plot, label: str) -> list[tuple[float, float]]:
    ((panel,),) = plot.panels
    (line,) = (line for line in panel.lines if line.label == label)
    return [(float(point.x), point.cell.value) for point in line.points]


def test_a_profile_falls_by_a_share_at_each_score(record: Make, plot: Plots) -> None:
    made = plot(records(record), **PROFILE)
    assert corners(made, "new") == [
        *[(0.2, 1.0), (0.2, 1.0), (0.2, 0.75), (0.4, 0.75), (0.4, 0.5)],
        *[(0.6, 0.5), (0.6, 0.25), (0.8, 0.25), (0.8, 0.0), (0.8, 0.0)],
    ]
    assert corners(made, "old") == [(0.2, 1.0), (0.5, 1.0), (0.5, 0.0), (0.8, 0.0)]


def test_interquartile_means_and_improvements_are_said_below(record: Make, plot: Plots) -> None:
    """The middle two of .2, .4, .6, .8; half of the method's runs are above the baseline's."""
    mean, improvement = plot(records(record), **PROFILE).notes
    assert mean.startswith("interquartile mean over 2 seeds of 2 cases")
    assert "new 0.500 [" in mean
    assert "old 0.500 [0.500, 0.500]" in mean
    assert improvement.startswith("probability that a run of new scores higher than one of: old 0.50 [")


def test_cases_with_more_seeds_count_with_those_that_all_have(record: Make, plot: Plots) -> None:
    more = [record(name, 2, 0.95, case="hard", kind=kind) for name, kind in (("new", "method"), ("old", "baseline"))]
    made = plot([*records(record), *more], **PROFILE)
    assert corners(made, "new") == corners(plot(records(record), **PROFILE), "new")


def test_an_entrant_that_lacks_a_case_is_left_out_and_named(record: Make, plot: Plots) -> None:
    made = plot([*records(record), record("half", 0, 0.9), record("half", 1, 0.9)], **PROFILE)
    assert "not drawn, without scores in all cases: half" in made.notes
    ((panel,),) = made.panels
    assert {line.label for line in panel.lines} == {"new", "old"}


def test_a_profile_is_drawn(record: Make, plot: Plots) -> None:
    files = render(plot(records(record), **PROFILE))
    assert all(files.values())


def test_nothing_is_drawn_if_nobody_has_all_cases(record: Make, outcome: Callable[..., Any]) -> None:
    assert isinstance(outcome([record("new", 0), record("old", 0, case="hard")], **PROFILE), Skipped)


def test_a_profile_is_of_one_metric() -> None:
    written = {"id": "a", "title": "A", "kind": "profile", "metrics": ["accuracy", "loss"]}
    with pytest.raises(ValueError, match="a profile is of one metric"):
        Presentation.model_validate({"figure": [written]})


def test_a_profile_is_of_a_metric_of_which_higher_is_better(card: Callable[..., Card]) -> None:
    written = {"id": "a", "title": "A", "kind": "profile", "metrics": ["step_ms"]}
    (problem,) = check_presentation(Presentation.model_validate({"figure": [written]}), card(), {})
    assert problem == "figure 'a': step_ms is better when lower; a profile counts runs above a threshold"
