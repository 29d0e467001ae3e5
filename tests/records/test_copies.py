"""A record is copied with all its files; what comes from elsewhere is taken only if it is whole and nothing more."""

from pathlib import Path

import numpy as np
import pytest

from harness.core.card import Metric
from harness.records.copies import copy_record, file_record, files_of, read_files, record_in
from harness.records.form import CorruptRecord
from harness.records.record import Origin, Record, RecordedScore
from harness.records.store import Store
from toys import make_spec

SPEC = make_spec(entrant="ppmi")
PLACE = "toy/small/plain/ppmi/default-s0.json"


@pytest.fixture
def source(tmp_path: Path) -> Store:
    """A store with one record, its sidecar and a kept file."""
    store = Store(tmp_path / "source")
    record = Record(
        key=SPEC.key,
        spec=SPEC,
        status="ok",
        primary="spearman",
        metrics={"spearman": Metric(better="higher")},
        origin=Origin(kind="baseline"),
        scores=(RecordedScore(metric="spearman", value=0.5, n_used=2, n_expected=2, items="spearman"),),
    )
    store.write(record, {"spearman": np.array([0.25, 1.0])}, {"grid.png": b"pixels"})
    return store


@pytest.fixture
def record(source: Store) -> Record:
    found = source.read(PLACE)
    assert found is not None
    return found


def _contents(store: Store) -> dict[str, bytes]:
    return {
        path.relative_to(store.records).as_posix(): path.read_bytes()
        for path in store.records.rglob("*")
        if path.is_file()
    }


def test_a_copy_has_the_same_files_byte_for_byte(source: Store, record: Record, tmp_path: Path) -> None:
    target = Store(tmp_path / "target")
    copy_record(record, source, target)
    assert _contents(target) == _contents(source)
    assert files_of(record)[-1] == PLACE
    assert sorted(files_of(record)) == sorted(_contents(source))


def test_a_copy_takes_the_place_of_a_record_and_of_what_lay_beside_it(
    source: Store, record: Record, tmp_path: Path
) -> None:
    target = Store(tmp_path / "target")
    target.write(record, {"spearman": np.array([0.5])}, {"other.png": b"older"})
    copy_record(record, source, target)
    assert _contents(target) == _contents(source)


def test_what_was_read_from_files_is_filed_as_it_was(source: Store, record: Record, tmp_path: Path) -> None:
    files, target = read_files(record, source), Store(tmp_path / "target")
    assert record_in(files, PLACE) == record
    file_record(record, files, target)
    assert _contents(target) == _contents(source)


def test_files_of_which_one_is_missing_are_refused(source: Store, record: Record) -> None:
    files = read_files(record, source)
    for name in files:
        with pytest.raises(CorruptRecord):
            record_in({other: data for other, data in files.items() if other != name}, PLACE)


def test_files_of_which_one_is_edited_are_refused(source: Store, record: Record) -> None:
    files = read_files(record, source)
    for name, data in files.items():
        with pytest.raises(CorruptRecord):
            record_in({**files, name: data.replace(b"0", b"1") + b" "}, PLACE)


@pytest.mark.parametrize("name", ["../outside.json", "toy/small/plain/ppmi/default-s1.json", "shared/0.json"])
def test_files_that_the_record_does_not_name_are_refused(source: Store, record: Record, name: str) -> None:
    with pytest.raises(CorruptRecord, match="which it does not name"):
        record_in({**read_files(record, source), name: b"{}"}, PLACE)


def test_the_record_of_another_place_is_refused(source: Store, record: Record) -> None:
    other = PLACE.replace("s0", "s1")
    files = read_files(record, source)
    with pytest.raises(CorruptRecord, match="that of toy/small/plain/ppmi/default-s0"):
        record_in({**files, other: files[PLACE]}, other)
