"""Figures as files: the same records give the same bytes, text stays text, and a stale or edited file is told."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.figures.drawing.frame import draw, settings
from harness.figures.drawing.style import styles
from harness.figures.files import check, creator_of, left_over, render, write
from harness.figures.plot import Plot
from harness.records.record import Record

Make = Callable[..., Record]
Plots = Callable[..., Plot]

OVER_SHIFT: dict[str, Any] = {
    "kind": "lines",
    "metrics": ["accuracy", "loss"],
    "columns": "metric",
    "rows": "case",
    "x": "shift",
    "x_scale": "log2",
    "scale": "log",
    "slope_from": 4,
    "crossings": [["vit_of_a_long_name", "baseline_0_of_a_long_name"]],
}
CHECKOUT = Path(__file__).resolve().parents[2]


def crowd(record: Make) -> list[Record]:
    """Ten entrants with long names, four of which failed, diverged, or were timed beside others."""
    names = ["vit_of_a_long_name", *(f"baseline_{i}_of_a_long_name" for i in range(7)), "vit_without", "vit_frozen"]
    kinds = {"vit_of_a_long_name": "method", "vit_without": "ablation", "vit_frozen": "ablation"}
    made = []
    for i, name in enumerate(names):
        for seed in range(3):
            at = [(("shift", float(2**k)),) for k in range(1, 11)]
            scores = {
                "accuracy": {
                    place: 0.02 * (i + 1) * (1 + 0.1 * seed) * (k + 1) ** (i % 3) for k, place in enumerate(at)
                },
                "loss": {place: 10.0 ** (k - 4) * (1 + 0.1 * seed + i) for k, place in enumerate(at)},
            }
            failed = {"status": "timeout"} if (i, seed) == (4, 1) else {}
            made.append(record(name, seed, scores, kind=kinds.get(name, "baseline"), **failed))
    return made


def other(record: Make) -> list[Record]:
    return [record("vit", seed, 0.5 + seed / 10) for seed in range(2)]


@pytest.fixture
def small(record: Make, plot: Plots) -> Plot:
    return plot(other(record), kind="dots", metrics=["accuracy"])


def test_the_same_records_give_the_same_bytes(record: Make, plot: Plots) -> None:
    first, second = (render(plot(crowd(record), **OVER_SHIFT)) for _ in range(2))
    assert first == second


def test_another_process_draws_the_same_bytes(tmp_path: Path) -> None:
    words = ["report", "--tier", "quick", "--task", "retrieval", "--results", str(CHECKOUT / "results")]
    for name in "ab":
        environment = {**os.environ, "PYTHONHASHSEED": str(ord(name)), "TZ": "Asia/Tokyo" if name == "a" else "UTC"}
        command = [sys.executable, "-m", "harness", *words, "--out", str(tmp_path / name)]
        subprocess.run(command, env=environment, check=True, capture_output=True, cwd=tmp_path)
    drawn = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {Path(name).suffix for name in drawn} == {".svg", ".png"}
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in drawn)


def test_a_users_settings_change_nothing(small: Plot) -> None:
    import matplotlib as mpl

    plain = render(small, ("svg",))
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path"}):
        assert render(small, ("svg",)) == plain
        assert mpl.rcParams["font.size"] == 30


def test_text_stays_text_and_no_date_is_in_it(small: Plot) -> None:
    svg = render(small, ("svg",))["svg"].decode()
    assert ">A figure</text>" in svg
    assert ">vit</text>" in svg
    assert "date" not in svg


def test_drawing_leaves_no_global_figures(small: Plot, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; import harness.figures.files; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    # Other tests of this process may have imported it, as torchmetrics does; whoever asks for it now imports it again.
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    render(small)
    assert "matplotlib.pyplot" not in sys.modules


def test_the_last_digits_of_the_layout_do_not_reach_the_file(record: Make, plot: Plots) -> None:
    shown = plot(crowd(record), **OVER_SHIFT)
    with settings(shown):
        places = [value for axes in draw(shown).axes for value in axes.get_position().bounds]
    assert places == pytest.approx([round(value, 5) for value in places], abs=1e-12)


@pytest.mark.parametrize("kind", ["lines", "dots", "curves"])
@pytest.mark.parametrize("words", ["", "of a name that is far longer than a panel is"])
def test_no_text_lies_outside_the_figure_or_on_another(
    record: Make, plot: Plots, clashes: Callable[..., list[Any]], kind: str, words: str
) -> None:
    curve = ({"spent": 500.0, "loss": 2.0}, {"spent": 1000.0, "loss": 1.0, "valid_accuracy": 0.6})
    made = [one.model_copy(update={"curve": curve}) for one in crowd(record)]
    kinds: dict[str, dict[str, Any]] = {
        "lines": OVER_SHIFT,
        "dots": {"kind": "dots", "metrics": ["accuracy", "loss"], "columns": "shift", "where": {"shift": "<= 16"}},
        "curves": {"kind": "curves", "values": ["loss", "valid_accuracy"]},
    }
    shown = plot(made, **kinds[kind])
    longer = [
        tuple(replace(panel, title=panel.title + words, y_label=panel.y_label + words) for panel in row)
        for row in shown.panels
    ]
    shown = replace(shown, panels=tuple(longer), x_label=shown.x_label + words)
    assert len(shown.labels) == 9
    with settings(shown):
        assert clashes(draw(shown)) == []


def test_lines_differ_without_colour_and_the_method_is_the_strongest() -> None:
    kinds = [("m", "method"), *((f"b{i}", "baseline") for i in range(8)), *((f"x{i}", "ablation") for i in range(4))]
    found = styles(kinds)  # type: ignore[arg-type]
    assert len({(look.marker, str(look.dashes), look.filled) for look in found.values()}) == len(kinds)
    assert max(found.values(), key=lambda look: look.width) == found["m"]
    assert all(found[f"x{i}"].dashes != "-" for i in range(4))
    assert all(found[f"b{i}"].dashes == "-" for i in range(8))


def test_an_entrant_looks_the_same_in_every_figure_of_its_task(record: Make, plot: Plots) -> None:
    made = crowd(record)
    one = plot(made, **OVER_SHIFT)
    two = plot(made, **{**OVER_SHIFT, "entrants": ["baseline_5_of_a_long_name"], "crossings": []})
    assert styles(one.styled)["baseline_5_of_a_long_name"] == styles(two.styled)["baseline_5_of_a_long_name"]


def test_what_was_written_is_of_these_records(small: Plot, tmp_path: Path) -> None:
    drawn = render(small)
    paths = write(tmp_path, small, drawn)
    assert [path.name for path in paths] == ["toy-small-figure.svg", "toy-small-figure.png"]
    assert small.made.digest.encode() in drawn["svg"]
    assert list(check(tmp_path, small, drawn["svg"])) == []


@pytest.mark.parametrize("form", ["svg", "png"])
def test_a_figure_of_other_records_is_stale(record: Make, plot: Plots, small: Plot, tmp_path: Path, form: str) -> None:
    write(tmp_path, small, render(small))
    changed = plot(other(record)[:1], kind="dots", metrics=["accuracy"])
    found = list(check(tmp_path, changed, render(changed, ("svg",))["svg"], (form,)))
    remedy = f"harness report --task toy --tier small --only figure --format {form}"
    assert found == [
        f"{tmp_path / f'toy-small-figure.{form}'} is stale: not made from these records "
        f"(digest {changed.made.digest}); {remedy}"
    ]


def test_an_edited_figure_is_told_unless_another_version_drew_it(small: Plot, tmp_path: Path) -> None:
    svg = render(small, ("svg",))["svg"]
    (path,) = write(tmp_path, small, {"svg": svg.replace(b">vit<", b">bit<")})
    (line,) = check(tmp_path, small, svg, ("svg",))
    assert line.startswith(f"{path} was edited, or ")
    path.write_bytes(path.read_bytes().replace(creator_of(svg).encode(), b"Matplotlib v9.9"))
    assert list(check(tmp_path, small, svg, ("svg",))) == []


def test_a_figure_that_was_never_written_is_named(small: Plot, tmp_path: Path) -> None:
    (line,) = check(tmp_path, small, b"", ("svg",))
    assert re.match(rf"{re.escape(str(tmp_path))}/toy-small-figure.svg is not there; write it: harness report ", line)


def test_a_figure_that_is_declared_no_more_is_left_over(small: Plot, tmp_path: Path) -> None:
    write(tmp_path, small, render(small))
    (tmp_path / "other-small-figure.svg").write_text("another task's")
    assert list(left_over(tmp_path, [small.name], ["toy"], "small")) == []
    assert len(list(left_over(tmp_path, [], ["toy"], "small"))) == 2
