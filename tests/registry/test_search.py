"""A search space says what tuning may choose; trials begin with the defaults, never repeat, and extend each other."""

from itertools import islice
from typing import Any

import numpy as np
import pytest

from harness.registry.parameters import Parameter
from harness.registry.search import Choice, Range, read_space

PARAMETERS = {
    "lr": Parameter("Annotated[float, Gt(0)] | None", None),
    "rate": Parameter("Annotated[float, Gt(0), Le(1)]", 0.5),
    "depth": Parameter("Annotated[int, Ge(1)]", 100),
    "kernel": Parameter("Literal['relu', 'exp', 'cos']", "relu"),
    "heads": Parameter("Literal[1, 2, 16]", 1),
    "stem": Parameter("bool", False),
}
DEFAULTS = {name: parameter.default for name, parameter in PARAMETERS.items()}


def trials(written: Any, count: int = 1000, entrant: str = "ance") -> list[dict[str, Any]]:
    return list(islice(read_space(written, PARAMETERS).trials("retrieval", entrant, DEFAULTS), count))


def test_a_pair_is_a_range_and_a_list_are_the_values_to_choose_from() -> None:
    space = read_space({"lr": (1e-4, 1e-2), "depth": (10, 500), "kernel": ["relu", "exp"]}, PARAMETERS)
    assert space.domains == {
        "lr": Range(1e-4, 1e-2),
        "depth": Range(10, 500),
        "kernel": Choice(("relu", "exp")),
    }


def test_values_have_the_type_of_their_parameter() -> None:
    space = read_space({"rate": [1], "lr": (1, 10)}, PARAMETERS)
    assert repr(space.domains["rate"]) == "Choice(values=(1.0,))"
    assert repr(space.domains["lr"]) == "Range(low=1.0, high=10.0)"


FAULTS = [
    ({"lrr": (1e-4, 1e-2)}, "search_space names 'lrr', which is no parameter; there are: depth, heads, kernel, lr"),
    ({"lr": 1e-3}, "search_space of lr: 0.001 is neither a pair (low, high) nor a list of values"),
    ({"lr": []}, "[] is neither a pair"),
    ({"lr": (1e-4, 1e-3, 1e-2)}, "is neither a pair"),
    ({"lr": (1e-2, 1e-4)}, "(0.01, 0.0001) is searched on a logarithmic scale and must be positive and increasing"),
    ({"lr": (1e-2, 1e-2)}, "must be positive and increasing"),
    ({"lr": (0.0, 1e-2)}, "search_space of lr: input should be greater than 0"),
    ({"rate": (0.1, 2.0)}, "input should be less than or equal to 1"),
    ({"depth": (1.0, 10.0)}, "search_space of depth: input should be a valid integer"),
    ({"depth": [10, 0]}, "greater than or equal to 1"),
    ({"kernel": ["sin"]}, "input should be 'relu', 'exp' or 'cos'"),
    ({"kernel": ("relu", "exp")}, "not all from relu to exp are values of Literal"),
    ({"heads": (1, 16)}, "not all from 1 to 16 are values of Literal[1, 2, 16]; list those to choose from"),
    ({"stem": (False, True)}, "not all from False to True are values of bool"),
    ({"lr": (None, 1e-2)}, "not all from None to 0.01 are values"),
]


@pytest.mark.parametrize(("written", "message"), FAULTS)
def test_a_bad_search_space_is_refused_with_what_is_allowed(written: Any, message: str) -> None:
    with pytest.raises(ValueError, match="search_space") as raised:
        read_space(written, PARAMETERS)
    assert message in str(raised.value)


def test_a_range_is_searched_log_uniformly_and_keeps_to_its_ends() -> None:
    rng = np.random.default_rng(0)
    floats = np.array([Range(1e-4, 1e-2).draw(rng) for _ in range(4000)], dtype=float)
    assert floats.min() >= 1e-4
    assert floats.max() <= 1e-2
    assert np.mean(floats < 1e-3) == pytest.approx(0.5, abs=0.03)
    whole = [Range(1, 3).draw(rng) for _ in range(4000)]
    assert {type(value) for value in whole} == {int}
    shares = np.bincount(np.array(whole, dtype=int), minlength=4)[1:] / len(whole)
    assert shares == pytest.approx(np.log([2, 3 / 2, 4 / 3]) / np.log(4), abs=0.03)


def test_an_end_with_many_digits_is_not_rounded_over() -> None:
    rng = np.random.default_rng(0)
    ends = Range(0.123456, 0.123457)
    assert all(0.123456 <= float(ends.draw(rng) or 0) <= 0.123457 for _ in range(20))


def test_the_first_trial_is_the_class_default() -> None:
    assert trials({"lr": (1e-4, 1e-2)}, 1) == [{}]


def test_more_trials_begin_with_the_same_ones_as_few() -> None:
    written = {"lr": (1e-4, 1e-2), "depth": (10, 500)}
    assert trials(written, 20)[:5] == trials(written, 5)


def test_entrants_have_trials_of_their_own() -> None:
    written = {"lr": (1e-4, 1e-2)}
    assert trials(written, 5)[1:] != trials(written, 5, "bm25")[1:]


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ({}, 1),
        ({"kernel": ["relu"]}, 1),
        ({"kernel": ["relu", "exp", "cos"]}, 3),
        ({"kernel": ["exp", "cos"]}, 3),
        ({"kernel": ["relu", "exp"], "depth": (99, 101)}, 6),
        ({"kernel": ["relu", "exp"], "depth": (1, 3)}, 7),
    ],
)
def test_no_combination_is_tried_twice_and_none_is_left_out(written: Any, count: int) -> None:
    tried = [{**DEFAULTS, **values} for values in trials(written)]
    assert len(tried) == count
    assert all(tried[i] not in tried[:i] for i in range(count))
