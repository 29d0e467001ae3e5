"""Predicted classes: logits, or labels alone, of numbered items, as arrays or as comma-separated text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from harness.core.errors import UserError
from harness.formats.arrays import check_array, check_present, is_array_file, read_arrays
from harness.formats.columns import read_columns
from harness.formats.items import Found, check_items, check_missing
from harness.formats.lines import wrong

IDS: Final = "ids"
LABELS: Final = "labels"
_HEADER: Final = "the header id,label or id,0,1,2,... with a column for each class"


class Classes(NamedTuple):
    """The logits F[n classes] of items, by query; and the items' rows I64[n] in rising order. `only_labels` says that
    there were no logits: those here have a 1 at the label and else 0."""

    logits: dict[str, np.ndarray]
    rows: np.ndarray
    only_labels: bool


class _Raw(NamedTuple):
    """What a file holds: arrays by query, logits or labels, and the numbers of the items if it has any."""

    arrays: dict[str, np.ndarray]
    ids: np.ndarray | None
    is_text: bool


def read_classes(path: Path, queries: Sequence[str], items: int, classes: int, *, allow_missing: bool) -> Classes:
    """The predictions in a file for as many items and classes. Where there are several queries, it is a `.npz` file
    with the logits of each."""
    raw = _from_arrays(path, queries) if is_array_file(path) else _from_text(path, queries[-1], classes)
    rows = np.arange(items) if raw.ids is None else _rows(path, raw.ids, items, is_text=raw.is_text)
    only_labels = raw.arrays[queries[-1]].ndim == 1
    if only_labels:
        if len(queries) > 1:
            raise UserError(f"{path}: labels alone do not answer {', '.join(queries)}; give the logits of each")
        labels = _checked_labels(path, raw.arrays[queries[0]], len(rows), classes)
        logits = {queries[0]: np.eye(classes, dtype=np.float32)[labels]}
    else:
        shape = len(rows), classes
        logits = {name: check_array(path, name, raw.arrays[name], shape, "f", "items x classes") for name in queries}
    missing = np.setdiff1d(np.arange(items), rows)
    example = str(missing[0]) if len(missing) else ""
    check_missing(path, len(missing), items, "items", example, allow_missing=allow_missing)
    if not (np.diff(rows) > 0).all():
        order = np.argsort(rows)
        rows, logits = rows[order], {name: array[order] for name, array in logits.items()}
    return Classes(logits, rows, only_labels)


def _from_arrays(path: Path, queries: Sequence[str]) -> _Raw:
    """A `.npz` file, or a `.npy` file, which answers the last query."""
    arrays = read_arrays(path, [*queries, LABELS, IDS])
    ids = arrays.pop(IDS, None)
    for name in ("", LABELS):
        if name in arrays:
            arrays.setdefault(queries[-1], arrays.pop(name))
    check_present(path, arrays, queries)
    return _Raw(arrays, None if ids is None else check_array(path, IDS, ids, (None,), "iu", "items"), is_text=False)


def _from_text(path: Path, query: str, classes: int) -> _Raw:
    """A table with a column of numbers of items."""
    headers = (["id", "label"], ["id", *map(str, range(classes))])
    table = read_columns(path, lambda names: list(names) in headers, _HEADER)
    ids, values = table.values[:, 0], table.values[:, 1:]
    return _Raw({query: values[:, 0] if table.names[1] == "label" else values}, ids, is_text=True)


def _rows(path: Path, ids: np.ndarray, items: int, *, is_text: bool) -> np.ndarray:
    """I64[n]: the rows of items with these numbers."""
    known = (ids >= 0) & (ids < items) & (ids == np.floor(ids))
    rows = np.where(known, ids, -1).astype(np.int64)
    lines = np.arange(2, len(rows) + 2) if is_text else None
    found = Found(rows, lines, lambda n: f"item {ids[n]:g}" + ("" if is_text else f" in row {n:,} of '{IDS}'"))
    check_items(path, found, items - len(np.unique(rows[known])))
    return rows


def _checked_labels(path: Path, labels: np.ndarray, items: int, classes: int) -> np.ndarray:
    """I64[n]: labels below the number of classes; a `UserError` for others."""
    check_array(path, LABELS, labels, (items,), "fiu", "items")
    is_class = (labels >= 0) & (labels < classes) & (labels == np.floor(labels))
    if not is_class.all():
        item = int(np.argmin(is_class))
        raise wrong(path, f"the label {labels[item]:g} of item {item:,}", f"whole numbers from 0 to {classes - 1}")
    return labels.astype(np.int64)
