"""Search spaces: the values among which tuning chooses an entrant's parameters, and the trials that it draws."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp, floor, inf, log, prod
from typing import Any, TypeAlias

import numpy as np

from harness.core.seeds import derive
from harness.core.spec import Value
from harness.registry.parameters import Parameter

DIGITS = 3
"""Significant digits of the numbers that are drawn from a range: enough to tell them apart, few enough to be read."""
GAPS = ("Literal", "MultipleOf")
"""What the annotation of a parameter has that does not allow all numbers between two that it allows."""
EXAMPLE = '{"lr": (1e-4, 1e-2), "top_k": [20, 50, 200]}'


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`, both included, drawn log-uniformly; integers where both are."""

    low: float
    high: float

    @property
    def size(self) -> float:
        """How many values there are."""
        return self.high - self.low + 1 if isinstance(self.low, int) else inf

    def draw(self, rng: np.random.Generator) -> Value:
        """A value."""
        if isinstance(self.low, int):
            drawn: float = floor(exp(rng.uniform(log(self.low), log(self.high + 1))))
        else:
            drawn = float(f"{exp(rng.uniform(log(self.low), log(self.high))):.{DIGITS}g}")
        return min(max(drawn, self.low), self.high)  # rounding may lead beyond an end

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Choice:
    """One of some values, all equally likely."""

    values: tuple[Value, ...]

    @property
    def size(self) -> float:
        """How many values there are."""
        return len(self.values)

    def draw(self, rng: np.random.Generator) -> Value:
        """A value."""
        return self.values[rng.integers(len(self.values))]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


Domain: TypeAlias = Range | Choice


@dataclass(frozen=True)
class Space:
    """A search space: a domain for each parameter that tuning may set. Without one there is nothing to choose."""

    domains: Mapping[str, Domain]

    @cached_property
    def size(self) -> float:
        """How many combinations of values there are."""
        return prod(domain.size for domain in self.domains.values())

    def trials(self, task: str, entrant: str, defaults: Mapping[str, Any]) -> Iterator[dict[str, Value]]:
        """The trials without end, or until no combination is left: first none of the parameters set (the class
        defaults), then combinations of values that no earlier trial had.

        A trial is drawn from a stream of its own, so that many trials begin with the same ones as few.
        """
        tried = [dict(defaults)]
        yield {}
        inside = all(_contains(domain, defaults[name]) for name, domain in self.domains.items())
        left = self.size - inside if self.domains else 0
        while left > 0:
            rng = np.random.default_rng(derive(purpose="tuning", task=task, entrant=entrant, trial=len(tried)))
            drawn = next(values for values in self._draws(rng) if {**defaults, **values} not in tried)
            tried.append({**defaults, **drawn})
            left -= 1
            yield drawn

    def _draws(self, rng: np.random.Generator) -> Iterator[dict[str, Value]]:
        while True:
            yield {name: domain.draw(rng) for name, domain in self.domains.items()}


def _contains(domain: Domain, value: Any) -> bool:
    if isinstance(domain, Choice):
        return value in domain.values
    return isinstance(value, type(domain.low)) and domain.low <= value <= domain.high


def read_space(written: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> Space:
    """The space that an entrant's `search_space` describes. A fault is a `ValueError` that says what is allowed."""
    domains = {}
    for name, values in written.items():
        if name not in parameters:
            there = ", ".join(sorted(parameters)) or "none"
            raise ValueError(f"search_space names {name!r}, which is no parameter; there are: {there}")
        try:
            domains[name] = _domain(values, parameters[name])
        except ValueError as error:
            raise ValueError(f"search_space of {name}: {error}") from error
    return Space(domains)


def _domain(values: Any, parameter: Parameter) -> Domain:
    if isinstance(values, list) and values:
        return Choice(tuple(dict.fromkeys(parameter.check(value) for value in values)))
    if isinstance(values, tuple) and len(values) == 2:
        return _range(parameter.check(values[0]), parameter.check(values[1]), parameter.annotation)
    raise ValueError(f"{values!r} is neither a pair (low, high) nor a list of values, as in {EXAMPLE}")


def _range(low: Value, high: Value, annotation: str) -> Range:
    numbers = isinstance(low, int | float) and isinstance(high, int | float) and type(low) is type(high) is not bool
    if not numbers or any(word in annotation for word in GAPS):
        raise ValueError(f"not all from {low} to {high} are values of {annotation}; list those to choose from")
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if not 0 < low < high:
        raise ValueError(f"({low}, {high}) is searched on a logarithmic scale and must be positive and increasing")
    return Range(low, high)
