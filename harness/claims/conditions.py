"""Conditions on an axis, as claims write them: a value, a comparison (`">= 2048"`), or a list of alternatives."""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator

Single: TypeAlias = bool | int | float | str
Condition: TypeAlias = Single | tuple[Single, ...]

_COMPARISON = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(.+?)\s*")
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def holds(value: Any, condition: Condition) -> bool:
    """Whether a value fulfils a condition; an absent value (None or NaN) fulfils none."""
    if isinstance(condition, tuple):
        return any(holds(value, single) for single in condition)
    if value is None or value != value:
        return False
    compare, bound = _parsed(condition)
    if isinstance(bound, float):
        number = number_or_text(value)
        value = number if isinstance(number, float) else math.nan
    return bool(compare(value, bound))


def narrowed(condition: Condition, values: Sequence[Any]) -> Condition:
    """Of alternatives, those that any of the values fulfils; one alone stands by itself."""
    if not isinstance(condition, tuple):
        return condition
    met = tuple(single for single in condition if any(holds(value, single) for value in values))
    return met[0] if len(met) == 1 else met or condition


def flaw(condition: Condition) -> str:
    """What is wrong with a condition, in words; empty if nothing is."""
    for single in condition if isinstance(condition, tuple) else (condition,):
        compare, bound = _parsed(single)
        if isinstance(bound, str) and compare not in (operator.eq, operator.ne):
            return f"'{single}' compares with '{bound}', which is not a number"
    return "" if condition != () else "an empty list holds nowhere"


def spelled(where: Mapping[str, Condition]) -> str:
    """Conditions on axes in words: `L >= 2048 and scale = 0.5`."""
    return " and ".join(f"{axis} {in_words(condition)}" for axis, condition in where.items())


def in_words(condition: Condition) -> str:
    """A condition as it stands behind the name of an axis."""
    if isinstance(condition, tuple):
        return "in " + ", ".join(map(str, condition))
    return str(condition) if isinstance(condition, str) and condition[:1] in "<>=!" else f"= {condition}"


def literals(condition: Condition) -> set[str]:
    """The strings that a condition names outright, without a comparison."""
    singles = condition if isinstance(condition, tuple) else (condition,)
    return {single for single in singles if isinstance(single, str) and not _COMPARISON.fullmatch(single)}


def number_or_text(value: Any) -> float | str:
    """A value as a number if it is one, else as text without white space around it."""
    try:
        return float(value)
    except ValueError:
        return str(value).strip()


def _parsed(condition: Single) -> tuple[Callable[[Any, Any], Any], float | str]:
    if not isinstance(condition, str):
        return operator.eq, float(condition)
    if not (comparison := _COMPARISON.fullmatch(condition)):
        return operator.eq, condition
    symbol, bound = comparison.groups()
    return _OPERATORS[symbol], number_or_text(bound)


def _checked(where: Mapping[str, Condition]) -> Mapping[str, Condition]:
    for axis, condition in where.items():
        if wrong := flaw(condition):
            raise ValueError(f"{axis}: {wrong}")
    return where


Conditions: TypeAlias = Annotated[Mapping[str, Condition], AfterValidator(_checked)]
"""Conditions by axis, checked where a model is made from a file."""
