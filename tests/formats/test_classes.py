"""Logits and labels as arrays and as text: equal content is read alike, and what is wrong is named."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.core.errors import UserError
from harness.formats.classes import Classes, read_classes

LOGITS = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
ORDER = np.array([3, 0, 4, 2, 1])


def csv(rows: Iterable[int] = range(5)) -> str:
    lines = [",".join([str(row), *map(repr, LOGITS[row].tolist())]) for row in rows]
    return "\n".join(["id,0,1,2", *lines]) + "\n"


def npz(path: Path, **arrays: Any) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)


def npy(path: Path, array: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def read(path: Path, *queries: str, allow_missing: bool = False) -> Classes:
    return read_classes(path, queries or ["logits"], 5, 3, allow_missing=allow_missing)


Write = Callable[[Path], Any]


@pytest.mark.parametrize(
    "write",
    [
        lambda path: npy(path, LOGITS),
        lambda path: npz(path, logits=LOGITS),
        lambda path: npz(path, logits=LOGITS[ORDER], ids=ORDER),
        lambda path: path.write_text(csv()),
        lambda path: path.write_text(csv(ORDER)),
        lambda path: path.write_bytes(gzip.compress(csv(ORDER).encode())),
    ],
    ids=["npy", "npz", "npz with ids", "csv", "csv in another order", "csv.gz"],
)
def test_logits_are_read_alike_from_every_file(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "file")
    found = read(tmp_path / "file")
    assert (found.logits["logits"] == LOGITS).all()
    assert not found.only_labels


@pytest.mark.parametrize(
    "write",
    [
        lambda path: npy(path, LOGITS.argmax(1)),
        lambda path: npz(path, labels=LOGITS.argmax(1)[ORDER], ids=ORDER),
        lambda path: path.write_text(
            "id,label\n" + "".join(f"{row},{label}\n" for row, label in enumerate(LOGITS.argmax(1)))
        ),
    ],
    ids=["npy", "npz", "csv"],
)
def test_labels_have_the_largest_logit(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "file")
    found = read(tmp_path / "file")
    assert found.only_labels
    assert (found.logits["logits"].argmax(1) == LOGITS.argmax(1)).all()


def test_items_may_be_missing_only_if_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(csv([4, 1]))
    with pytest.raises(UserError, match="file: 3 of 5 items are missing, the first is 0; add them"):
        read(tmp_path / "file")
    found = read(tmp_path / "file", allow_missing=True)
    assert found.rows.tolist() == [1, 4]
    assert (found.logits["logits"] == LOGITS[[1, 4]]).all()


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            lambda path: npy(path, LOGITS[:4]),
            "array 'logits' has shape 4 x 3; expected floating-point numbers of shape 5 x 3",
        ),
        (
            lambda path: npy(path, LOGITS.astype(complex)),
            "array 'logits' has dtype complex128; expected floating-point",
        ),
        (
            lambda path: npy(path, np.where(np.arange(5)[:, None] == 2, np.nan, LOGITS)),
            "array 'logits' has nan in row 2",
        ),
        (lambda path: npy(path, np.full(5, 3)), "the label 3 of item 0; expected whole numbers from 0 to 2"),
        (lambda path: npy(path, np.full(5, 0.5)), "the label 0.5 of item 0; expected whole numbers from 0 to 2"),
        (lambda path: npy(path, np.array(["a"] * 5)), "array 'labels' has dtype <U1; expected numbers of shape 5"),
        (lambda path: npy(path, np.array([{}] * 5)), "it is damaged, or not of numbers"),
        (lambda path: npz(path, logit=LOGITS), "an array 'logit'; expected a .npy file, or a .npz file with logits"),
        (lambda path: npz(path, ids=ORDER), "there is no array 'logits'"),
        (
            lambda path: npz(path, logits=LOGITS, ids=[0, 1, 2, 3, 3]),
            "item 3 in row 4 of 'ids' is there twice (in all 1 missing, 1",
        ),
        (
            lambda path: npz(path, logits=LOGITS, ids=[0, 1, 2, 3, 7]),
            "item 7 in row 4 of 'ids' is unknown (in all 1 missing, 0",
        ),
        (lambda path: path.write_text(csv().partition("\n")[2]), "line 1: the header '0,"),
        (lambda path: path.write_text(csv() + "4,1,2,3\n"), "line 7: item 4 is there twice (in all 0 missing, 1"),
        (lambda path: path.write_text(csv([0, 1, 2, 3]) + "4,1,2\n"), "line 6: 3 fields ('4,1,2'); expected 4"),
        (lambda path: path.write_text(csv([0, 1, 2, 3]) + "4,1,2,inf\n"), "line 6: 'inf'; expected a finite number"),
        (lambda path: path.write_text("id,0,1,2\n"), "no rows; expected the header id,label or"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(write: Write, message: str, tmp_path: Path) -> None:
    write(tmp_path / "file")
    with pytest.raises(UserError) as refused:
        read(tmp_path / "file")
    (line,) = str(refused.value).splitlines()
    assert line.startswith(str(tmp_path / "file"))
    assert message in line


def test_an_array_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    for write in (lambda path: npy(path, LOGITS), lambda path: npz(path, logits=LOGITS)):
        write(tmp_path / "file")
        (tmp_path / "file").write_bytes((tmp_path / "file").read_bytes()[:-20])
        with pytest.raises(UserError, match="it is damaged"):
            read(tmp_path / "file")


def test_several_queries_need_logits_of_each(tmp_path: Path) -> None:
    npz(tmp_path / "file", low_logits=LOGITS, logits=-LOGITS)
    found = read(tmp_path / "file", "low_logits", "logits")
    assert (found.logits["low_logits"] == -found.logits["logits"]).all()
    npy(tmp_path / "file", LOGITS)
    with pytest.raises(UserError, match=r"there is no array 'low_logits' .*needs low_logits, logits"):
        read(tmp_path / "file", "low_logits", "logits")
