"""LaTeX of tables compiles, and every table fits the page of a plain article."""

import dataclasses
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.session import open_session
from harness.core.spec import TIERS
from harness.records.record import Failure, Record
from harness.tables.build import View
from harness.tables.formats import render
from harness.tables.latex import PACKAGES, to_latex
from harness.tables.table import Table
from harness.tables.text import TextOptions, TextTable, text_cells

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]

RESULTS = Path(__file__).resolve().parents[2] / "results"
FULL = re.compile(r"^(Overfull .*|.*Float too large.*|! .*)$", flags=re.M)
"""What the log says of text that leaves the page, and of errors."""


def _lacking() -> str:
    """What the machine lacks to compile tables, "" if nothing."""
    if shutil.which("pdflatex") is None:
        return "pdflatex is absent"
    found = subprocess.run(
        ["kpsewhich", *(f"{name}.sty" for name in PACKAGES)], capture_output=True, text=True, check=False
    )
    return "" if len(found.stdout.split()) == len(PACKAGES) else f"LaTeX lacks one of {', '.join(PACKAGES)}"


needs_latex = pytest.mark.skipif(bool(_lacking()), reason=_lacking() or "LaTeX is there")


def compiled(text: str, folder: Path) -> tuple[bool, list[str]]:
    """Whether the text of tables compiles, and what leaves the page, each float on a page of its own."""
    (needs,) = re.findall(r"^% needs (.*)$", text, flags=re.M)
    body = text.replace("\\begin{table}", "\\clearpage\\begin{table}")
    source = f"\\documentclass{{article}}{needs}\\begin{{document}}\n{body}\\end{{document}}\n"
    (folder / "tables.tex").write_text(source, encoding="utf-8")
    for _ in range(2):  # the widths of tables over several pages are known at the second time
        words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
        done = subprocess.run(words, cwd=folder, capture_output=True, check=False, timeout=240)
    log = (folder / "tables.log").read_text(errors="replace")
    return done.returncode == 0 and (folder / "tables.pdf").is_file(), FULL.findall(log)


@needs_latex
@pytest.mark.parametrize("tier", TIERS)
def test_every_committed_table_compiles_and_fits_the_page(tier: str, tmp_path: Path) -> None:
    session = open_session(RESULTS, None, [tier])
    tables = list(session.tables_of_all(View(tier=tier), any_key=True))
    if not tables:
        pytest.skip(f"nothing is committed at tier {tier}")
    assert compiled(render(tables, "latex"), tmp_path) == (True, [])


HOSTILE = "a_b & c|d <e> 50% $x$ #1 {y} ~ ^ \\ \"q\" 'r' λ 漢 é \u00d7 → 😀 [z] -1 --x `c_d -- /e/f`"


@needs_latex
def test_whatever_plugins_write_compiles(record: Make, tables: Tables, tmp_path: Path) -> None:
    made = [record("mine", seed, chosen={"mode": f"[{HOSTILE}", "other": "x" * 40}, kind="plugin") for seed in range(2)]
    made += [record("bit", seed, failure=Failure(type="E", message=HOSTILE), status="error") for seed in range(2)]
    (table,) = tables(made)
    table = dataclasses.replace(table, title=HOSTILE, notes=(HOSTILE, *table.notes))
    is_made, wrong = compiled(render([table], "latex"), tmp_path)
    assert is_made, wrong


@needs_latex
def test_a_table_of_many_rows_runs_over_pages(tmp_path: Path) -> None:
    rows = tuple(text_cells([f"entrant_{i}[width={i}]", "plugin", "0.5"]) for i in range(150))
    table = TextTable(title="Many", headers=text_cells(["entrant", "kind", "plain"]), rows=rows, words=2, notes=("n",))
    text = to_latex([table])
    assert "xltabular" in text.split("\n", 1)[1]
    assert compiled(text, tmp_path) == (True, [])


def wide(columns: int) -> TextTable:
    rows = tuple(text_cells([f"entrant_{i}", "plugin", *(["0.123 ± 0.045"] * columns)]) for i in range(3))
    headers = text_cells(["entrant", "kind", *(f"case {i} ↑" for i in range(columns))])
    return TextTable(title="Wide", headers=headers, rows=rows, words=2, label="tab:wide", notes=("a note",))


def tabulars(text: str) -> list[str]:
    return re.findall(r"\\begin\{tabular[x*]*\}.*?\\end\{tabular", text, flags=re.S)


def test_a_wide_table_is_split_into_parts_that_have_all_its_columns() -> None:
    text = to_latex([wide(14)])
    parts = tabulars(text)
    assert len(parts) > 1
    assert all(part.count("entrant\\_") == 3 for part in parts)
    assert [text.count(f"case {i} $") for i in range(14)] == [1] * 14
    assert text.count("a note") == 1
    assert "Wide (part 1 of" in text
    assert text.count("\\label{tab:wide}") == 1
    counts = [part.count("case ") for part in parts]
    assert max(counts) - min(counts) <= 1


def test_a_table_that_fits_a_line_is_not_split() -> None:
    text = to_latex([wide(2)])
    assert len(tabulars(text)) == 1
    assert "part 1" not in text


def test_long_texts_that_recur_become_notes() -> None:
    long = ["another number of steps, and another network", "other data than those of the paper in question"]
    rows = tuple(text_cells([f"e{i}", long[i % 2], "1"]) for i in range(6))
    text = to_latex([TextTable(title="P", headers=text_cells(["entrant", "why", "n"]), rows=rows, words=2)])
    assert text.count(long[0]) == text.count(long[1]) == 1
    assert text.count("note a") == text.count("note b") == 3


def test_caption_label_and_columns_are_as_asked_for(record: Make, tables: Tables) -> None:
    options = TextOptions(title="My words", label="tab:mine", hidden=("kind", "trials", "seeds"))
    text = render(tables([record("vit", 0), record("bit", 0)]), "latex", options)
    assert "\\caption{My words}\\label{tab:mine}" in text
    assert "trials" not in text
    assert "kind" not in text
