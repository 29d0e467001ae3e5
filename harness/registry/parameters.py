"""Parameters of entrants: which values an annotated field allows, and reading values from text."""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import annotated_types
from pydantic import TypeAdapter, ValidationError

from harness.core.spec import Value

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
    """Values cannot be checked against an annotation, because it names other types than the simple ones."""


@dataclass(frozen=True)
class Parameter:
    """An annotated field: its annotation as written, and its default value (source text if that is no literal)."""

    annotation: str
    default: Any

    def parse(self, text: str) -> Value:
        """The value that `text` stands for. Raises `ValueError` with what is allowed."""
        return self._allowed(lambda adapter: _validated(adapter, text))

    def check(self, value: Any) -> Value:
        """A value in the parameter's type: 1 becomes 1.0 for a float. Raises `ValueError` with what is allowed."""
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
        # `validate_strings` never reads text as None, nor as a number among the choices of a Literal.
        return allowed.validate_python(_literal(text), strict=True)


def _literal(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
