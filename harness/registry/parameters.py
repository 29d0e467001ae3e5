"""Parameters of entrants: what an annotated field allows, and values for it from text."""

import ast
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import annotated_types
from pydantic import TypeAdapter, ValidationError

from harness.core.errors import UserError
from harness.core.spec import Value
from harness.core.suggest import unknown

if TYPE_CHECKING:
    from harness.registry.headers import Header

_TYPES: dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "None": None,
    "Literal": Literal,
    "Annotated": Annotated,
    **{name: getattr(annotated_types, name) for name in ("Gt", "Ge", "Lt", "Le", "MultipleOf")},
}
_WORDS = {"none": None, "true": True, "false": False}


class Uncheckable(ValueError):
    """An annotation that values cannot be checked against: of types that are none of the simple ones."""


@dataclass(frozen=True)
class Parameter:
    """An annotated field: its annotation as written and its default value, as source text where it is no literal."""

    annotation: str
    default: Any

    def parse(self, text: str) -> Value:
        """The value that `text` stands for. Raises `ValueError` with what is allowed."""
        return self._allowed(lambda adapter: _validated(adapter, text))

    def check(self, value: Any) -> Value:
        """A value as the parameter holds it, 1 as 1.0 where it is a float. Raises `ValueError` with what is allowed."""
        return self._allowed(lambda adapter: adapter.validate_python(value, strict=True))

    def _allowed(self, validate: Callable[[TypeAdapter[Value]], Value]) -> Value:
        try:
            value = validate(_adapter(self.annotation))
        except ValidationError as error:
            raise ValueError(f"{error.errors()[0]['msg'].lower()} (it is {self.annotation})") from error
        except (NameError, SyntaxError, TypeError, AttributeError) as error:
            raise Uncheckable(f"a parameter of type {self.annotation} cannot be set from outside") from error
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"a number must be finite (it is {self.annotation})")
        return value


@cache
def _adapter(annotation: str) -> TypeAdapter[Value]:
    return TypeAdapter(eval(annotation, {"__builtins__": {}}, _TYPES))


def _validated(allowed: TypeAdapter[Value], text: str) -> Value:
    try:
        return allowed.validate_strings(text)
    except ValidationError:
        # A string is never taken for None, nor for a number among the choices of a Literal.
        return allowed.validate_python(_literal(text), strict=True)


def _literal(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def expand(header: "Header", text: str) -> Iterator[dict[str, Value]]:
    """The parameter settings in the brackets of `name[par=v1,v2,other=v3]`: every combination of the values."""
    values: dict[str, list[Value]] = {}
    current = ""
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        before, equals, after = piece.partition("=")
        current, part = (before.strip(), after.strip()) if equals else (current, piece)
        if not current:
            raise UserError(
                f"'{header.name}[{text}]': write parameters as name=value, for example '{header.name}[dim=50]'"
            )
        value = parse_parameter(header, current, part)
        if value not in values.setdefault(current, []):
            values[current].append(value)
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def parse_parameter(header: "Header", name: str, text: str) -> Value:
    """A parameter's value from text. A wrong name, type or range is a `UserError` that says what is allowed."""
    if name not in header.parameters:
        raise unknown(f"parameter of {header.name}", name, header.parameters)
    try:
        return header.parameters[name].parse(text)
    except ValueError as error:
        raise UserError(f"parameter {name}={text} of {header.name}: {error}") from error
