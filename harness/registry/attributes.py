"""What classes say of themselves in their bodies: parameters, and the literal attributes that every entrant has."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.errors import UserError
from harness.core.spec import NAME, TIERS
from harness.registry.parameters import Parameter
from harness.registry.search import Space, read_space

OWN = frozenset({"name", "files", "from_tier", "cases", "deterministic", "search_space"})
"""The class attributes that every entrant has; they are no parameters."""


@dataclass(frozen=True)
class Source:
    """A class in a file."""

    path: Path
    definition: ast.ClassDef

    def error(self, what: str) -> UserError:
        """A fault of the class, with its place."""
        return UserError(f"{self.path}:{self.definition.lineno}: {what}")


def has_name(definition: ast.ClassDef) -> bool:
    """Whether a class has a name of its own: without one it is abstract."""
    return _assigned(definition, "name") is not None


def read_name(lineage: Sequence[Source]) -> str:
    """The entrant's name. `lineage` is its class and then its bases, as in all that follows; an attribute that cannot
    be read, or whose value is not allowed, is a `UserError` with its place."""
    node = _assigned(lineage[0].definition, "name")
    name = _literal(node, None) if node else None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        told = ast.unparse(node) if node else "missing"
        raise lineage[0].error(f"name is {told}, but must be a literal that matches {NAME.pattern}")
    return name


def read_parameters(lineage: Sequence[Source]) -> dict[str, Parameter]:
    """The annotated fields of the class and of its bases."""
    found: dict[str, Parameter] = {}
    for source in reversed(lineage):
        for statement in source.definition.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                annotation = ast.unparse(statement.annotation)
                if annotation.strip("'\"").startswith(("ClassVar", "typing.ClassVar")):
                    continue
                name = statement.target.id
                if name in OWN:
                    raise source.error(f"{name} is annotated, which makes it a parameter; write {name} = ... alone")
                if statement.value is None:
                    raise source.error(f"{name} is annotated, which makes it a parameter, but has no default")
                found[name] = Parameter(annotation, _literal(statement.value, ast.unparse(statement.value)))
    return found


def read_names(lineage: Sequence[Source], attribute: str, example: str) -> tuple[str, ...]:
    """An attribute that is a tuple of names."""
    source, names = _inherited(lineage, attribute, ())
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        raise source.error(f"{attribute} is {names!r}, but must be a literal tuple of names, as in {example}")
    return names


def read_tier(lineage: Sequence[Source]) -> str:
    """The smallest tier that the entrant takes part in."""
    source, tier = _inherited(lineage, "from_tier", TIERS[0])
    if tier not in TIERS:
        raise source.error(f"from_tier is {tier!r}, but must be one of {', '.join(TIERS)}")
    return str(tier)


def read_flag(lineage: Sequence[Source], attribute: str) -> bool:
    """An attribute that is true unless it is said to be `False`."""
    return _inherited(lineage, attribute, True)[1] is not False


def read_search_space(lineage: Sequence[Source]) -> Space:
    """What tuning may choose from: the whole space of the first class that has one."""
    source, written = _inherited(lineage, "search_space", {})
    try:
        return read_space(written, read_parameters(lineage))
    except ValueError as error:
        raise source.error(str(error)) from error


def _inherited(lineage: Sequence[Source], name: str, default: Any) -> tuple[Source, Any]:
    """The value of an attribute and the class that gives it, else the default; source text where it is no literal."""
    for source in lineage:
        node = _assigned(source.definition, name)
        if node is not None:
            return source, _literal(node, ast.unparse(node))
    return lineage[0], default


def _assigned(definition: ast.ClassDef, name: str) -> ast.expr | None:
    """The expression that a class body gives an attribute."""
    for statement in definition.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return statement.value
    return None


def _literal(node: ast.expr, otherwise: Any) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return otherwise
