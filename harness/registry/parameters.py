"""Parameters of entrants: which values an annotated field allows, and reading values from text."""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union

import annotated_types
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from harness.core.spec import Value

_TYPES: Mapping[str, Any] = {"int": int, "float": float, "bool": bool, "str": str}
_BOUNDS = {name: getattr(annotated_types, name) for name in ("Gt", "Ge", "Lt", "Le", "MultipleOf")}
_WORDS = {"none": None, "true": True, "false": False}


class Uncheckable(ValueError):
    """Values cannot be checked against an annotation, because it names other types than the simple ones."""


@dataclass(frozen=True)
class Parameter:
    """An annotated field: its annotation as written, and its default value (source text if that is no literal)."""

    annotation: str
    default: Any

    def parse(self, text: str) -> Value:
        """The value that `text` stands for, which may be in quotes. Raises `ValueError` with what is allowed."""
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in ("'", '"')
        return self._allowed(lambda adapter: _validated(adapter, text[1:-1] if quoted else text))

    def check(self, value: Any) -> Value:
        """A value in the parameter's type: 1 becomes 1.0 for a float. Raises `ValueError` with what is allowed."""
        return self._allowed(lambda adapter: adapter.validate_python(value, strict=True))

    def allows(self, value: Any) -> bool:
        """Whether a value is one of the parameter's."""
        try:
            self.check(value)
        except ValueError:
            return False
        return True

    def _allowed(self, validate: Callable[[TypeAdapter[Value]], Value]) -> Value:
        try:
            value = validate(_adapter(self.annotation))
        except ValidationError as error:
            raise ValueError(f"{error.errors()[0]['msg'].lower()} (it is {self.annotation})") from error
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"a number must be finite (it is {self.annotation})")
        return value


@cache
def _adapter(annotation: str) -> TypeAdapter[Value]:
    """What checks values against an annotation, which is read and never evaluated. Raises `Uncheckable`."""
    try:
        return TypeAdapter(_type_of(ast.parse(annotation, mode="eval").body))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, PydanticSchemaGenerationError) as error:
        raise Uncheckable(f"a parameter of type {annotation} cannot be set from outside") from error


def _type_of(node: ast.expr) -> Any:
    """The type that an expression of the simple types stands for. `ValueError` for any other expression."""
    match node:
        case ast.Name(id=name) if name in _TYPES:
            return _TYPES[name]
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str(quoted)):
            return _type_of(ast.parse(quoted, mode="eval").body)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_type_of(left), _type_of(right)]  # noqa: UP007
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            return Literal[ast.literal_eval(choices)]
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *bounds])):
            return Annotated[_type_of(inner), *map(_bound, bounds)]
    raise ValueError(ast.unparse(node))


def _bound(node: ast.expr) -> Any:
    """The bound of a number that an expression such as `Gt(0)` stands for."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[value], keywords=[]) if name in _BOUNDS:
            return _BOUNDS[name](ast.literal_eval(value))
    raise ValueError(ast.unparse(node))


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
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
