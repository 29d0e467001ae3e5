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


def read_classes(path: Path, queries: Sequence[str], items: int, classes: int, *, allow_missing: bool) -> Classes:
    """The predictions in a file for as many items and classes. Where there are several queries, it is a `.npz` file
    with the logits of each."""
    if is_array_file(path):
        arrays = read_arrays(path, [*queries, LABELS, IDS])
        ids = arrays.pop(IDS, None)
        if "" in arrays or LABELS in arrays:
            arrays = {queries[-1]: arrays.popitem()[1]}
        check_present(path, arrays, queries)
    else:
        table = read_columns(path, lambda names: _is_header(names, classes), _HEADER)
        ids, values = table.values[:, 0], table.values[:, 1:]
        arrays = {queries[-1]: values[:, 0] if table.names[1] == "label" else values}
    count = items if ids is None else len(ids)
    rows = np.arange(items) if ids is None else _rows(path, ids, items)
    order = np.argsort(rows)
    if arrays[queries[-1]].ndim == 1:
        if len(queries) > 1:
            raise UserError(f"{path}: labels alone do not answer {', '.join(queries)}; give the logits of each")
        labels = _checked_labels(path, arrays[queries[-1]], count, classes)
        logits = {queries[0]: np.eye(classes, dtype=np.float32)[labels]}
    else:
        logits = {
            name: check_array(path, name, arrays[name], (count, classes), "f", "items x classes") for name in queries
        }
    missing = np.setdiff1d(np.arange(items), rows)
    example = str(missing[0]) if len(missing) else ""
    check_missing(path, len(missing), items, "items", example, allow_missing=allow_missing)
    is_ordered = bool((np.diff(rows) > 0).all())
    logits = logits if is_ordered else {name: array[order] for name, array in logits.items()}
    return Classes(logits, rows[order], only_labels=arrays[queries[-1]].ndim == 1)


def _rows(path: Path, ids: np.ndarray, items: int) -> np.ndarray:
    """I64[n]: the rows of items with these numbers."""
    if ids.ndim != 1:
        raise wrong(path, f"array '{IDS}' has {ids.ndim} axes", "one, with the number of each item")
    known = (ids >= 0) & (ids < items) & (ids == np.floor(ids))
    rows = np.where(known, ids, -1).astype(np.int64)
    found = Found(rows, np.arange(2, len(rows) + 2), lambda n: f"item {ids[n]:g}")
    check_items(path, found, items - len(np.unique(rows[known])))
    return rows


def _checked_labels(path: Path, labels: np.ndarray, items: int, classes: int) -> np.ndarray:
    """I64[n]: labels below the number of classes."""
    if labels.shape != (items,):
        raise wrong(path, f"{len(labels):,} labels", f"{items:,}")
    if labels.dtype.kind not in "iuf" or not (is_class := (labels >= 0) & (labels < classes)).all():
        what = f"the label {labels[np.argmin(is_class)]} of item {np.argmin(is_class):,}"
        raise wrong(path, what if labels.dtype.kind in "iuf" else f"dtype {labels.dtype}", f"0 to {classes - 1}")
    if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
        raise wrong(path, "labels that are not whole numbers", f"0 to {classes - 1}; or logits, a row for each item")
    return labels.astype(np.int64)


def _is_header(names: Sequence[str], classes: int) -> bool:
    return list(names) in (["id", "label"], ["id", *map(str, range(classes))])
