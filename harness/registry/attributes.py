"""Reading the body of a class: the attributes that every entrant has, which are literals, and its parameters."""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.closure import assigned_names
from harness.core.errors import UserError
from harness.core.spec import NAME, TIERS
from harness.registry.parameters import Parameter
from harness.registry.search import EXAMPLE, Space, read_space


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(NAME.fullmatch(value))


def _are_names(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) for name in value)


ATTRIBUTES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_is_name, f"a literal that matches {NAME.pattern}"),
    "files": (_are_names, "a literal tuple of names, as in ('words.txt',)"),
    "from_tier": (lambda value: value in TIERS, f"one of {', '.join(TIERS)}"),
    "cases": (_are_names, "a literal tuple of names, as in ('atlas',)"),
    "deterministic": (lambda value: isinstance(value, bool), "True or False"),
    "search_space": (lambda value: isinstance(value, dict), f"a literal dictionary, as in {EXAMPLE}"),
}
"""The class attributes that every entrant has, which are no parameters: whether a value is allowed; what is allowed."""


@dataclass(frozen=True)
class Class:
    """A class in a file."""

    path: Path
    definition: ast.ClassDef

    def assigned(self, name: str) -> ast.expr | None:
        """The expression that the body gives an attribute, if it gives it one."""
        statements = (entry for entry in self.definition.body if isinstance(entry, ast.Assign | ast.AnnAssign))
        return next((entry.value for entry in statements if name in assigned_names(entry)), None)

    def error(self, what: str) -> UserError:
        """A fault of the class, with its file and line."""
        return UserError(f"{self.path}:{self.definition.lineno}: {what}")


def read_attribute(lineage: Sequence[Class], name: str, default: Any = None) -> Any:
    """The value of one of `ATTRIBUTES`, `default` if no class of the lineage assigns it. The lineage is an entrant's
    class followed by its bases. A value that is not allowed is a `UserError` with file and line."""
    given = next(((source, node) for source in lineage if (node := source.assigned(name)) is not None), None)
    if given is None:
        return default
    source, node = given
    is_allowed, allowed = ATTRIBUTES[name]
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError):
        raise source.error(f"{name} is {ast.unparse(node)}, but must be {allowed}") from None
    if not is_allowed(value):
        raise source.error(f"{name} is {value!r}, but must be {allowed}")
    return value


def read_parameters(lineage: Sequence[Class]) -> dict[str, Parameter]:
    """The annotated fields of the class and of its bases."""
    parameters: dict[str, Parameter] = {}
    for source in reversed(lineage):
        for statement in source.definition.body:
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            annotation, name = ast.unparse(statement.annotation), statement.target.id
            if annotation.strip("'\"").startswith(("ClassVar", "typing.ClassVar")):
                continue
            if name in ATTRIBUTES:
                raise source.error(f"{name} is annotated, which makes it a parameter; write {name} = ... alone")
            if statement.value is None:
                raise source.error(f"{name} is annotated, which makes it a parameter, but has no default")
            try:
                default = ast.literal_eval(statement.value)
            except (ValueError, TypeError):
                default = ast.unparse(statement.value)
            parameters[name] = Parameter(annotation, default)
    return parameters


def read_search_space(lineage: Sequence[Class]) -> Space:
    """What tuning may choose from: the search space of the first class that has one, and nothing of its bases'."""
    written = read_attribute(lineage, "search_space", {})
    try:
        return read_space(written, read_parameters(lineage))
    except ValueError as error:
        owner = next(source for source in lineage if source.assigned("search_space") is not None)
        raise owner.error(str(error)) from error
