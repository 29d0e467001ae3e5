"""The committed tables, verdicts, figures and tuned parameters are what the committed records say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.records.store import Store
from sites import write_site

RESULTS = Path(__file__).resolve().parents[1] / "results"
README = (RESULTS / "README.md").read_text(encoding="utf-8")


COMMANDS = [line.removeprefix("harness ") for line in README.splitlines() if line.startswith("harness ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_checks_that_are_promised_hold(harness: Callable[..., Any], command: str) -> None:
    done = harness(*command.split(), "--results", RESULTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tables_verdicts_figures_and_tuning_are_checked() -> None:
    assert {command.split()[0] for command in COMMANDS if "--check" in command} == {"table", "claims", "report", "tune"}


def test_every_committed_record_is_sound_and_of_committed_code() -> None:
    store = Store(RESULTS)
    records = list(store.all())
    assert records
    assert store.problems == []
    assert [record.spec.place for record in records if record.environment.dirty or not record.environment.commit] == []


def test_the_leaderboard_of_all_records_has_small_pages_and_is_the_same_each_time(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    made = write_site(RESULTS, folder)
    assert made.returncode == 0, made.stderr
    assert (folder / "index.html").stat().st_size < 100_000
    assert {path.name: size for path in folder.rglob("*.html") if (size := path.stat().st_size) > 600_000} == {}
    checked = write_site(RESULTS, folder, "--check")
    assert checked.returncode == 0, checked.stderr
