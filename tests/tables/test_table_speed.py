"""Tables from 10,000 record files: read, verified, framed and built."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.card import Card
from harness.records.frames import frames
from harness.records.record import Record
from harness.records.store import Store
from harness.tables.build import build_tables
from harness.tables.table import Table

ENTRANTS, SEEDS, TASKS = 125, 8, 10


@pytest.fixture
def store(tmp_path: Path, record: Callable[..., Record], monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of 10,000 records with 24 scores each."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    made = Store(tmp_path)
    points = {(): 0.5, **{(("shift", float(shift)),): 0.1 for shift in range(11)}}
    for task in range(TASKS):
        for entrant in range(ENTRANTS):
            for seed in range(SEEDS):
                scores = {"accuracy": {**points, (): 0.5 + entrant / 1000 + seed / 100}, "loss": points}
                one = record(f"entrant{entrant}", seed, scores, task=f"toy{task}")
                made.write(one)
    return made


@pytest.mark.benchmark
def test_tables_from_ten_thousand_records(store: Store, card: Callable[..., Card], benchmark: Any) -> None:
    cards = [card(task=f"toy{task}") for task in range(TASKS)]

    def build() -> list[Table]:
        found = frames(store.stored())
        return [table for one in cards for table in build_tables(found, one)]

    made = benchmark.pedantic(build, rounds=3)
    assert [len(table.rows) for table in made] == [ENTRANTS] * TASKS
    assert store.problems == []
