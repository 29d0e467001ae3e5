"""Parameters are the annotated fields, whatever the author forgets; capabilities and weights are counted."""

import pickle
from abc import abstractmethod
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from harness.core.entrant import Entrant, capability
from harness.registry.headers import ATTRIBUTES


class System(Entrant):
    """What a task scores."""

    @abstractmethod
    def answer(self) -> int:
        """The answer."""

    @capability
    def codes(self) -> int:
        """A query that may be left out."""
        raise NotImplementedError

    @capability
    def density(self) -> int:
        """Another one."""
        raise NotImplementedError


class Component(System):
    """Owned by the task, with one hook open."""

    width: int = 8

    def answer(self) -> int:
        return self.width

    def codes(self) -> int:
        return 1


class Filled(Component):
    """Fills the hook; its author writes no decorator."""

    name = "filled"
    dim: int = 100
    rate: float = 0.5
    untyped = 3
    shared: ClassVar[int] = 4


class Ablated(Filled):
    """One choice undone."""

    name = "ablated"
    rate: float = 0.0


def test_the_attributes_that_every_entrant_has_are_no_parameters() -> None:
    assert set(ATTRIBUTES) == set(Entrant.__annotations__)


def test_a_forgotten_decorator_does_not_drop_parameters() -> None:
    assert Filled().parameters == {"width": 8, "dim": 100, "rate": 0.5}
    assert Filled(dim=50).parameters == {"width": 8, "dim": 50, "rate": 0.5}


def test_a_decorator_that_is_there_changes_nothing() -> None:
    @dataclass(kw_only=True, eq=False)
    class Decorated(Component):
        dim: int = 100

    assert Decorated(dim=5).parameters == {"width": 8, "dim": 5}


def test_parameters_are_inherited_and_overridden() -> None:
    assert Ablated().parameters == {"width": 8, "dim": 100, "rate": 0.0}


def test_parameters_are_given_by_name_only() -> None:
    with pytest.raises(TypeError, match="positional"):
        Filled(50)  # type: ignore[misc]


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(TypeError, match="untyped"):
        Filled(untyped=4)  # type: ignore[call-arg]


def test_what_is_learned_is_no_parameter() -> None:
    entrant = Filled()
    entrant.table = np.zeros(3)  # type: ignore[attr-defined]
    assert set(entrant.parameters) == {"width", "dim", "rate"}


def test_two_entrants_with_equal_parameters_are_not_the_same() -> None:
    assert Filled() != Filled()
    assert len({Filled(), Filled()}) == 2


def test_a_fitted_entrant_survives_pickling() -> None:
    entrant = Filled(dim=7)
    entrant.table = np.arange(3)  # type: ignore[attr-defined]
    copy = pickle.loads(pickle.dumps(entrant))
    assert copy.parameters == entrant.parameters
    np.testing.assert_array_equal(copy.table, [0, 1, 2])


def test_an_open_hook_forbids_instances() -> None:
    class Unfinished(System):
        name = "unfinished"

    with pytest.raises(TypeError, match="answer"):
        Unfinished()  # type: ignore[abstract]


def test_a_missing_fit_is_named() -> None:
    with pytest.raises(NotImplementedError, match="Filled does not define fit"):
        Filled().fit(None, None)  # type: ignore[arg-type]


def test_capabilities_are_marked_queries_that_are_answered() -> None:
    class Dense(Component):
        def density(self) -> int:
            return 2

    assert System.capabilities() == frozenset()
    assert Component.capabilities() == {"codes"}
    assert Ablated.capabilities() == {"codes"}
    assert Dense.capabilities() == {"codes", "density"}


def test_a_mixin_answers_only_if_it_comes_first() -> None:
    class Mixin:
        def density(self) -> int:
            return 2

    class First(Mixin, Component):
        pass

    class Last(Component, Mixin):
        pass

    assert "density" in First.capabilities()
    assert "density" not in Last.capabilities()


def _holding(**learned: Any) -> Entrant:
    entrant = Filled()
    vars(entrant).update(learned)
    return entrant


def test_weights_count_floating_point_entries() -> None:
    assert _holding().weights() == 0
    assert _holding(a=np.zeros((3, 4)), b=np.zeros(5, np.float16)).weights() == 17
    assert _holding(tokens=np.zeros(9, np.int64), mask=np.zeros(9, bool), rate=3.0, text="x").weights() == 0


def test_weights_count_what_lists_and_dictionaries_hold() -> None:
    tables = [np.zeros(2), (np.zeros(3), [np.zeros(4)])]
    assert _holding(tables=tables, state=OrderedDict(a=np.zeros(5), b={"c": np.zeros(6)})).weights() == 20


def test_weights_count_what_is_held_twice_once() -> None:
    table = np.zeros(7)
    assert _holding(table=table, same=table, also=[table]).weights() == 7


def test_weights_count_modules_and_tensors() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    net.append(net[0])
    assert _holding(net=net).weights() == 3 * 4 + 4 + 4 + 4
    assert _holding(net=net, part=net[0], extra=torch.zeros(5), index=torch.zeros(5, dtype=torch.int64)).weights() == 29


def test_parameters_are_no_weights() -> None:
    class Given(Component):
        start: Any = None

    assert Given(start=np.zeros(5)).weights() == 0
