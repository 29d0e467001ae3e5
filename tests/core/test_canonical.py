"""Equal values have equal digests wherever they are computed, and other values have others."""

import subprocess
import sys

import numpy as np
import pytest

from harness.core.canonical import array_digest, canonical, digest


def test_form_is_sorted_compact_utf8() -> None:
    assert canonical({"b": [1, 2.5, None, True], "a": "ü"}) == '{"a":"ü","b":[1,2.5,null,true]}'.encode()


def test_digest_is_what_it_always_was() -> None:
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad808"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), [1.0, {"x": float("nan")}]])
def test_values_that_are_not_finite_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", np.float32(1)])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        digest(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (1, True), (0, False), (1, "1"), (None, "null"), ([], {}), ("a", ["a"]), (0.1, 0.1000000000000001)],
)
def test_values_that_differ_in_type_or_in_the_last_bit_have_other_digests(one: object, other: object) -> None:
    assert digest(one) != digest(other)


def test_the_digest_depends_neither_on_order_nor_on_the_process() -> None:
    program = "from harness.core.canonical import digest; print(digest({'b': {'y': 1, 'x': 2}, 'a': [1, 2]}))"
    digests = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert digests == [digest({"a": [1, 2], "b": {"x": 2, "y": 1}})] * 2


def test_array_digest_sees_name_dtype_shape_and_every_byte() -> None:
    base = np.arange(6, dtype=np.int64)
    changed = base.copy()
    changed[-1] += 1
    variants = [
        {"a": base},
        {"b": base},
        {"a": base.astype(np.int32)},
        {"a": base.view(np.uint64)},
        {"a": base.reshape(2, 3)},
        {"a": base.reshape(3, 2)},
        {"a": changed},
        {"a": base, "b": base},
        {"a": base[:0]},
        {},
    ]
    assert len({array_digest(variant) for variant in variants}) == len(variants)


def test_array_digest_ignores_memory_layout_and_order_of_names() -> None:
    table = np.arange(12.0).reshape(3, 4)
    spread = np.zeros((6, 8))
    spread[::2, ::2] = table
    expected = array_digest({"x": table, "y": table})
    assert array_digest({"y": np.asfortranarray(table), "x": spread[::2, ::2]}) == expected


def test_array_digest_is_what_it_always_was() -> None:
    assert array_digest({"a": np.arange(3, dtype=np.int64)}) == "f1043cd51c5ac1a0a3a35a1bb2b7d9f3"


def test_a_number_is_an_array_without_length() -> None:
    one, two = np.float64(1), np.float64(2)
    assert len({array_digest({"a": np.asarray(value)}) for value in (one, two, [one])}) == 3


def test_array_of_objects_is_refused() -> None:
    with pytest.raises(TypeError, match="'words' holds Python objects"):
        array_digest({"words": np.array(["a", "bc"], dtype=object)})
