"""`Selection`: which runs the user asks for; and reading entrants that are written as `name[parameter=value,...]`."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import NAME, TierName, Value
from harness.core.suggest import check_known
from harness.registry.headers import Header


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The runs that the user asks for; an empty field selects all. `entrants` are written as `name` or as
    `name[parameter=value,...]`; `seeds` is how many from the first one on, by default as many as the case has at the
    tier."""

    tier: TierName
    tasks: Sequence[str] = ()
    cases: Sequence[str] = ()
    entrants: Sequence[str] = ()
    seeds: int | None = None
    first_seed: int = 0
    plugins: Sequence[Path] = ()

    def check_cases(self, cards: Iterable[Card]) -> None:
        """Raise a `UserError` for a selected case that none of the cards has at the tier."""
        known = {case for card in cards if self.tier in card.tiers for case in card.tiers[self.tier].cases}
        check_known(f"case at tier {self.tier}", self.cases, known)


@dataclass(frozen=True)
class Given:
    """What a command of the user said that a command which repairs its results must say again: the folder of results
    (None: the usual one) and the files of plug-ins."""

    results: Path | None = None
    plugins: Sequence[Path] = ()


NOTHING_GIVEN = Given()


_SEPARATED = re.compile(r"[;|=]|\s")
"""What stands between values where somebody did not write a comma."""


def combinations(values: Mapping[str, Iterable[Value]]) -> Iterator[dict[str, Value]]:
    """Every combination of one value for each name."""
    return (dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values()))


def split_entrant(text: str) -> tuple[str, str]:
    """The name of an entrant and the text in the brackets after it. Other brackets, and a missing one, are a
    `UserError`."""
    name, _, rest = text.partition("[")
    if wrong := re.fullmatch(rf"({NAME.pattern})[({{:/].*=.*", name):
        raise UserError(f"entrant '{text}': parameters stand in square brackets; write {wrong[1]}[par=value,...]")
    if rest and not rest.endswith("]"):
        raise UserError(f"entrant '{text}' lacks its closing bracket; write name[par=value,...]")
    return name, rest.removesuffix("]")


def expand(header: Header, text: str) -> Iterator[dict[str, Value]]:
    """The parameter settings in the brackets of `name[par=v1,v2,other=v3]`: every combination of the values."""
    values: dict[str, list[Value]] = {}
    name = ""
    for piece in filter(None, (piece.strip() for piece in text.split(","))):
        before, equals, after = piece.partition("=")
        name, value = (before.strip(), after.strip()) if equals else (name, piece)
        if not name:
            raise UserError(
                f"'{header.name}[{text}]': write parameters as name=value, for example '{header.name}[dim=50]'"
            )
        parsed = parse_parameter(header, name, value)
        if parsed not in values.setdefault(name, []):
            values[name].append(parsed)
    return combinations(values)


def parse_parameter(header: Header, name: str, text: str) -> Value:
    """A parameter's value from text. A wrong name, type or range is a `UserError` that says what is allowed."""
    check_known(f"parameter of {header.name}", [name], header.parameters)
    try:
        return header.parameters[name].parse(text)
    except ValueError as error:
        hint = (
            "; values and parameters are separated by commas: name[par=v1,v2,other=v3]"
            if _SEPARATED.search(text)
            else ""
        )
        raise UserError(f"parameter {name}={text} of {header.name}: {error}{hint}") from error
