"""`figures.toml`: what the tasks declare exists; a fault is one line that names the file, the figure and the field."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.card import Card
from harness.core.errors import UserError
from harness.figures.presentation import (
    Presentation,
    check_presentation,
    figure_problems,
    presentation_of,
    read_presentation,
)
from harness.registry.find import find

LINES = '[[figure]]\nid = "a"\ntitle = "A"\nkind = "lines"\nmetrics = ["accuracy"]\nx = "shift"\n'
HEAT = '[[figure]]\nid = "h"\ntitle = "H"\nkind = "heat"\nmetrics = ["accuracy"]\nx = "patch"\ny = "shift"\n'
FILM = '[[figure]]\nid = "f"\ntitle = "F"\nkind = "film"\nfile = "rollout.npz"\n'
ENTRANTS = {"vit": {"patch"}, "bit": set()}


def read(folder: Path, text: str) -> Presentation:
    path = folder / "figures.toml"
    path.write_text(text)
    return read_presentation(path)


def test_what_the_tasks_declare_exists() -> None:
    assert figure_problems(find()) == []


@pytest.mark.parametrize("task", sorted(find().tasks))
def test_every_task_declares_learning_curves_and_what_was_held(task: str) -> None:
    declared = presentation_of(find(), task)
    assert any(figure.kind == "curves" for figure in declared.figure)
    assert declared.held


def test_without_a_file_nothing_is_declared(tmp_path: Path) -> None:
    assert read_presentation(tmp_path / "figures.toml") == Presentation()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("figure = 3", ["figures.toml: figure"]),
        ("[[figure", ["figures.toml: "]),
        (LINES.replace("lines", "pies"), ["figure 'a'", "'pies'", "lines"]),
        (LINES + 'scala = "log"', ["figure 'a'", "unknown field 'scala'", "did you mean scale"]),
        (LINES + 'scale = "cubic"', ["figure 'a': scale", "linear"]),
        (LINES.replace('x = "shift"\n', ""), ["figure 'a': x", "required"]),
        (LINES + 'where = { L = "> many" }', ["figure 'a': where", "'many', which is not a number"]),
        (LINES + 'rows = "case"', ["figure 'a'", "rows and columns both spread 'case'"]),
        (LINES.replace('["accuracy"]', '["accuracy", "loss"]') + 'rows = "L"', ["figure 'a'", "several metrics"]),
        (LINES + LINES, ["two figures have the id 'a'"]),
        (HEAT.replace('["accuracy"]', '["accuracy", "loss"]') + 'rows = "metric"', ["figure 'h'", "is of one metric"]),
        (HEAT.replace('"shift"', '"patch"'), ["figure 'h'", "x and y are both 'patch'"]),
        (HEAT + 'columns = "L"', ["figure 'h'", "several entrants need rows or columns = 'entrant'"]),
        (HEAT + 'z = "L"', ["figure 'h'", "unknown field 'z'"]),
        (FILM.replace("npz", "mp4"), ["figure 'f': file", "npz"]),
        (FILM.replace("rollout", "../rollout"), ["figure 'f': file"]),
        (FILM + "frames = 0", ["figure 'f': frames", "greater than or equal to 1"]),
        (FILM + 'rows = "case"', ["figure 'f'", "unknown field 'rows'"]),
        ("helt = {}", ["unknown field 'helt'", "did you mean held"]),
        ("[tables.accuracy]\nlave_out = []", ["tables: accuracy: unknown field 'lave_out'; did you mean leave_out?"]),
    ],
)
def test_a_fault_names_file_figure_and_field(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(str(tmp_path / "figures.toml"))
    assert "\n" not in str(error.value)
    assert all(part in str(error.value) for part in parts), str(error.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LINES.replace("accuracy", "acuracy"), "figure 'a': unknown metric 'acuracy'; did you mean accuracy?"),
        (LINES.replace('"shift"', '"shfit"'), "figure 'a': unknown axis 'shfit'; did you mean shift?"),
        (LINES.replace('"shift"', '"case"'), "figure 'a': x: 'case' is no axis of numbers or words; spread it over"),
        (LINES + 'columns = "width"', "figure 'a': unknown axis 'width'"),
        (LINES + 'cases = ["plane"]', "figure 'a': unknown case 'plane'; did you mean plain?"),
        (LINES + 'entrants = ["vitt"]', "figure 'a': unknown entrant 'vitt'; did you mean vit"),
        (LINES + 'also = ["vit[pach=3]"]', "figure 'a': unknown parameter of vit 'pach'; did you mean patch?"),
        (LINES + 'crossings = [["vit", "cnn"]]', "figure 'a': unknown entrant 'cnn'"),
        (LINES + "where = { n = 100 }", "figure 'a': unknown point of measurement 'n'"),
        (LINES + 'columns = "entrant"', "figure 'a': unknown axis 'entrant'"),
        (HEAT.replace('"patch"', '"pach"'), "figure 'h': unknown axis 'pach'; did you mean patch?"),
        (HEAT.replace('y = "shift"', 'y = "metric"'), "figure 'h': y: 'metric' is no axis of numbers or words; spread"),
        (HEAT + "where = { shfit = 1 }", "figure 'h': unknown point of measurement 'shfit'"),
        (FILM + 'cases = ["plane"]', "figure 'f': unknown case 'plane'; did you mean plain?"),
        (FILM + 'entrants = ["vitt"]', "figure 'f': unknown entrant 'vitt'; did you mean vit"),
        ('[held]\ndefault = ["widht"]', "held.default: unknown setting 'widht'; did you mean width?"),
        ('[held]\nplane = ["width"]', "held: unknown case 'plane'; did you mean plain?"),
        ("[tables.acuracy]\nwhere = { shift = 1 }", "tables.acuracy: unknown metric 'acuracy'; did you mean accuracy?"),
        ("[tables.accuracy]\nwhere = { shfit = 1 }", "tables.accuracy: unknown point of measurement 'shfit'"),
    ],
)
def test_an_unknown_name_is_a_problem(card: Callable[..., Card], tmp_path: Path, text: str, line: str) -> None:
    (found,) = check_presentation(read(tmp_path, text), card(), ENTRANTS)
    assert found.startswith(line)


def test_a_parameter_of_an_entrant_is_an_axis(card: Callable[..., Card], tmp_path: Path) -> None:
    assert check_presentation(read(tmp_path, LINES.replace('"shift"', '"patch"')), card(), ENTRANTS) == []


def test_a_sound_heat_map_and_a_sound_film_are_no_problem(card: Callable[..., Card], tmp_path: Path) -> None:
    further = 'rows = "L"\ncolumns = "entrant"\nscale = "log"\n'
    assert check_presentation(read(tmp_path, HEAT + further + FILM + "strips = 2"), card(), ENTRANTS) == []
