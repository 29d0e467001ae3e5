"""Search spaces: the values among which tuning chooses an entrant's parameters, and the trials that it draws."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp, floor, inf, log, nextafter, prod
from typing import Any, TypeAlias

import numpy as np

from harness.core.seeds import derive
from harness.core.spec import Value
from harness.registry.parameters import Parameter

DIGITS = 3
"""Significant digits of the numbers that are drawn from a range: enough to tell them apart, and easy to read."""
OUTER = 0.1
"""The share of a range, on its logarithmic scale, that counts as its end."""
GAPS = ("Literal", "MultipleOf")
"""Words in annotations that do not allow every number between two allowed ones."""
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
        """A random value."""
        if isinstance(self.low, int):
            drawn: float = floor(exp(rng.uniform(log(self.low), log(self.high + 1))))
        else:
            drawn = float(f"{exp(rng.uniform(log(self.low), log(self.high))):.{DIGITS}g}")
        return min(max(drawn, self.low), self.high)  # rounding may lead beyond an end

    def beyond(self, value: Any) -> float | None:
        """The next number outside of the end that a number is near: within a tenth of the range, on a logarithmic
        scale, or outside of it. None if it is near neither, or is no number."""
        if not _is_number(value):
            return None
        place = log(value / self.low) / log(self.high / self.low) if value > 0 else -inf
        if OUTER < place < 1 - OUTER:
            return None
        return _next(self.low, -1) if place <= OUTER else _next(self.high, 1)

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, type(self.low)) and self.low <= value <= self.high

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
        """A random value."""
        return self.values[rng.integers(len(self.values))]

    def beyond(self, value: Any) -> float | None:
        """The next number below a number that is the least of the choices, or above one that is the greatest. None if
        it is neither, is no number, or is one of two: these are a switch."""
        numbers = sorted({number for number in (*self.values, value) if _is_number(number)})
        if not _is_number(value) or len(numbers) < 3 or value not in (numbers[0], numbers[-1]):
            return None
        return _next(value, -1 if value == numbers[0] else 1)

    def __contains__(self, value: Any) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _next(number: float, sign: int) -> float:
    """The number after a number, or before it; an integer for an integer."""
    return number + sign if isinstance(number, int) else nextafter(number, sign * inf)


Domain: TypeAlias = Range | Choice


@dataclass(frozen=True)
class Space:
    """A search space: a domain for each parameter that tuning may set. Without one there is nothing to choose."""

    domains: Mapping[str, Domain]

    def trials(self, task: str, entrant: str, defaults: Mapping[str, Any]) -> Iterator[dict[str, Value]]:
        """The trials without end, or until no combination is left: first none of the parameters set (the class
        defaults), then combinations of values that no earlier trial had.

        A trial is drawn from a stream of its own, so that many trials begin with the same ones as few.
        """
        tried = [dict(defaults)]
        yield {}
        combinations = prod(domain.size for domain in self.domains.values()) if self.domains else 0
        left = combinations - all(defaults[name] in domain for name, domain in self.domains.items())
        while left > 0:
            rng = np.random.default_rng(derive(purpose="tuning", task=task, entrant=entrant, trial=len(tried)))
            drawn: dict[str, Value] = {}
            while {**defaults, **drawn} in tried:
                drawn = {name: domain.draw(rng) for name, domain in self.domains.items()}
            tried.append({**defaults, **drawn})
            left -= 1
            yield drawn


def read_space(written: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> Space:
    """The space that an entrant's `search_space` describes. A fault is a `ValueError` that says what is allowed."""
    domains = {}
    for name, values in written.items():
        if name not in parameters:
            names = ", ".join(sorted(parameters)) or "none"
            raise ValueError(f"search_space names {name!r}, which is no parameter; there are: {names}")
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
    alike = type(low) is type(high) is not bool and not any(word in annotation for word in GAPS)
    if not (alike and isinstance(low, int | float) and isinstance(high, int | float)):
        raise ValueError(f"not all from {low} to {high} are values of {annotation}; list those to choose from")
    if not 0 < low < high:
        raise ValueError(f"({low}, {high}) is searched on a logarithmic scale and must be positive and increasing")
    return Range(low, high)
