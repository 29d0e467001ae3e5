"""What is withheld is not found in the process meanwhile, and comes back as it was."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from harness.core.withheld import Withheld


@dataclass(frozen=True)
class Labelled:
    """Data with labels."""

    labels: np.ndarray
    names: tuple[str, ...] = ("a", "b")


def test_a_value_comes_back_as_it_was() -> None:
    fixed, free = np.arange(6).reshape(2, 3), np.arange(24.0).reshape(2, 3, 4).transpose(0, 2, 1)
    fixed.flags.writeable = False
    back = Withheld({"fixed": fixed, "free": free, "of": Labelled(fixed[0])}).value()
    for name, array in (("fixed", fixed), ("free", free)):
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype
        assert back[name].flags.writeable == array.flags.writeable
        assert back[name].strides == array.strides
    assert not back["of"].labels.flags.writeable
    assert back["of"].names == ("a", "b")


def test_nothing_of_it_is_found_meanwhile() -> None:
    withheld = Withheld(Labelled(np.arange(3)))
    gc.collect()
    assert not [found for found in gc.get_objects() if isinstance(found, Labelled)]
    found = withheld.value()
    assert [one for one in gc.get_objects() if isinstance(one, Labelled)] == [found]


@pytest.mark.parametrize("value", [lambda: None, (entry for entry in ())], ids=["function", "generator"])
def test_what_cannot_be_put_away_is_an_error(value: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="cannot be withheld"):
        Withheld(value)
