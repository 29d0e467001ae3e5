"""A record and its repetition: equal bit for bit on like machines, within the tolerance elsewhere, times never."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.records.record import Record
from harness.records.store import Store
from harness.submissions.rerun import Comparison, compare

Make = Callable[..., Record]
Compare = Callable[..., Comparison]

ITEMS = np.linspace(0, 1, 8).astype(np.float32)


@pytest.fixture
def compared(tmp_path: Path, record: Make) -> Compare:
    """Compares a record with a repetition that differs in some ways."""

    def made(scores: Any = 0.5, items: np.ndarray = ITEMS, **changes: Any) -> Comparison:
        stores = [Store(tmp_path / name) for name in ("reported", "repeated")]
        for store, values, own, differing in ((stores[0], 0.5, ITEMS, {}), (stores[1], scores, items, changes)):
            whole = record("vit", 0, values, **differing)
            named = [score.model_copy(update={"items": score.metric}) for score in whole.scores]
            store.write(whole.model_copy(update={"scores": tuple(named)}), {score.metric: own for score in named})
        reported = stores[0].read(record("vit", 0).spec.place)
        assert reported is not None
        return compare(reported, *stores)

    return made


def test_the_same_run_is_the_same(compared: Compare) -> None:
    assert compared() == Comparison("toy/small/plain/vit/default-s0.json", "same")
    assert compared(train_s=99.0, contended=True, peak_mb=7.0, commit="b" * 40).outcome == "same"


OTHERWISE: dict[str, tuple[dict[str, Any], str]] = {
    "a score": ({"scores": 0.5 + 1e-15}, "accuracy was 0.5, is 0.5"),
    "an item": (
        {"items": np.where(ITEMS == 1, 0.5, ITEMS).astype(np.float32)},
        "1 item of 'accuracy' have other scores",
    ),
    "the number of items": ({"items": ITEMS[:-1]}, "are of another number"),
    "the weights": ({"weights": 7}, "the number of weights was 1200, is 7"),
    "what was drawn": ({"spent": 7}, "what was drawn of the budget was 0, is 7"),
    "the data": ({"produced": "other"}, "the data that its seed drew was plain0, is other"),
    "the validation curve": (
        {"curve": ({"spent": 1.0, "valid_accuracy": 0.1},)},
        "valid_accuracy after 1 was absent, is 0.1",
    ),
    "the end": ({"status": "diverged"}, "it ended as 'ok', now as 'diverged'"),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_on_a_like_machine_any_difference_is_told(compared: Compare, what: str) -> None:
    changes, message = OTHERWISE[what]
    comparison = compared(**changes)
    assert comparison.outcome == "differs"
    assert message in comparison.differences[0]


UNLIKE = [{"processor": "another"}, {"packages": {"torch": "1"}}, {"threads": 2}, {"device": "cuda"}]


@pytest.mark.parametrize("machine", UNLIKE)
def test_elsewhere_scores_are_compared_within_the_tolerance(compared: Compare, machine: dict[str, Any]) -> None:
    near = (ITEMS * 0.99).astype(np.float32)
    assert compared(0.51, near, produced="rounded", **machine).outcome == "close"
    comparison = compared(0.53, **machine)
    assert comparison.outcome == "differs"
    assert comparison.differences[0] == "accuracy was 0.5, is 0.53"
    assert comparison.differences[-1].endswith("as the two runs are not of the same kind of machine")
    assert compared(0.5, (ITEMS * 0.5).astype(np.float32), **machine).outcome == "differs"
    assert compared(0.5, weights=7, **machine).outcome == "differs"


def test_times_are_never_compared(tmp_path: Path, record: Make) -> None:
    stores = [Store(tmp_path / name) for name in ("reported", "repeated")]
    for store, value in zip(stores, (1.0, 2.0), strict=True):
        store.write(record("vit", 0, {"step_ms": value, "bytes": 8.0}, case="cost"))
    reported = stores[0].read(record("vit", 0, case="cost").spec.place)
    assert reported is not None
    assert compare(reported, *stores).outcome == "same"


def test_a_run_without_a_repetition_is_not_confirmed(tmp_path: Path, record: Make) -> None:
    store = Store(tmp_path / "reported")
    store.write(record("vit", 0))
    reported = store.read(record("vit", 0).spec.place)
    assert reported is not None
    assert compare(reported, store, Store(tmp_path / "nothing")).differences == ("it was not run again",)
