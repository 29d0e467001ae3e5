"""Holm's correction."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.pvalues import holm


def test_holm_by_hand() -> None:
    # In order .01 x 4, .02 x 3, .03 x 2, .04 x 1, each at least the one before.
    assert np.allclose(holm([0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06])


def test_what_has_no_p_is_not_in_the_family() -> None:
    adjusted = holm([0.01, math.nan, 0.02])
    assert np.allclose(adjusted[[0, 2]], [0.02, 0.02])
    assert math.isnan(adjusted[1])


@given(st.lists(st.floats(0, 1), max_size=12))
def test_adjusted_p_is_never_smaller_and_at_most_one(p: list[float]) -> None:
    adjusted = holm(p)
    assert np.all(adjusted >= np.array(p))
    assert np.all(adjusted <= 1)
