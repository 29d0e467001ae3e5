"""Whatever bytes of a record change, it is named and put aside, and the others are used."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.records.record import Record
from harness.records.scored import scored
from harness.records.store import Store


def _cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data))]


def _flip(data: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]


def _repeat(data: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(data))
    return data[:place] + data[draw.randrange(len(data)) :] + data[place:]


def _blank(data: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(data) - 16)
    return data[:place] + bytes(16) + data[place + 16 :]


@pytest.mark.parametrize("harm", [_cut, _flip, _repeat, _blank])
def test_every_harmed_record_is_named_and_the_others_are_used(
    tmp_path: Path, record: Callable[..., Record], by_form: Callable[[int, int], int], harm: Callable[..., bytes]
) -> None:
    count, draw, store = by_form(32, 500), random.Random(0), Store(tmp_path)
    for seed in range(2 * count):
        path = store.write(record("vit", seed))
        if seed % 2:
            data = path.read_bytes()
            while (harmed := harm(data, draw)) == data:
                pass
            path.write_bytes(harmed)
    rows = scored(store.stored())["toy", "small"]
    assert sorted(run.seed for run in rows.runs) == list(range(0, 2 * count, 2))
    assert len(store.problems) == count
    assert len(list((tmp_path / "quarantine").rglob("*.json"))) == count
