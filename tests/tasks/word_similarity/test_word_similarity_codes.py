"""Binary codes of the task `word_similarity`: how many bits are active, which, and what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks.word_similarity import code_bits, most_active, two_sided


@given(
    rows=st.integers(1, 6),
    width=st.integers(1, 40),
    levels=st.integers(1, 5),
    seed=st.integers(0, 10**6),
    data=st.data(),
)
def test_codes_have_exactly_k_ones(rows: int, width: int, levels: int, seed: int, data: st.DataObject) -> None:
    activations = np.random.default_rng(seed).integers(levels, size=(rows, width)).astype(np.float32)
    k = data.draw(st.integers(1, width))
    active = most_active(activations, k)
    expected = np.zeros_like(active)
    np.put_along_axis(expected, np.argsort(-activations, axis=1, kind="stable")[:, :k], True, axis=1)
    assert (active == expected).all()  # of equals those with the lowest number


@given(rows=st.integers(1, 6), width=st.integers(1, 20), seed=st.integers(0, 10**6))
def test_two_sided_codes_share_as_many_active_bits_as_they_agree_in(rows: int, width: int, seed: int) -> None:
    bits = np.random.default_rng(seed).random((rows, width)) < 0.5
    codes = two_sided(bits)
    assert (codes.sum(axis=1) == width).all()
    for one, code in zip(bits, codes, strict=True):
        assert ((code & codes).sum(axis=1) == (one == bits).sum(axis=1)).all()


def test_information_of_codes() -> None:
    assert code_bits(400, 4) == pytest.approx(29.969, abs=1e-3)
    assert code_bits(8, 8) == code_bits(8, 9) == 0
