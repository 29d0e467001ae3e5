"""The error for an unknown name, which suggests known ones."""

import difflib
from collections.abc import Collection, Iterable, Iterator

from harness.core.errors import UserError

MOST_NAMES = 20
MOST_NEAR = 3


def check_known(what: str, names: Iterable[str], known: Collection[str]) -> None:
    """Raises the error for the first of some names that is unknown."""
    for line in unknown_among(what, names, known):
        raise UserError(line)


def unknown_among(what: str, names: Iterable[str], known: Collection[str]) -> Iterator[str]:
    """The error's text for each of some names that is unknown."""
    return (str(unknown(what, name, known)) for name in names if name not in known)


def unknown(what: str, name: str, known: Iterable[str], fix: str = "") -> UserError:
    """The error for an unknown name: one line with the known names that begin with it, else with the nearest ones, or
    with all of them if none is near."""
    names = sorted(known)
    begun = [longer for longer in names if longer.startswith(name)] if name else []
    near = begun or difflib.get_close_matches(name, names, n=MOST_NEAR, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(near[:MOST_NEAR])}?"
    elif names:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        hint = f"there are: {', '.join(names[:MOST_NAMES])}{more}"
    else:
        hint = "there are none"
    return UserError(f"unknown {what} '{name}'; {hint}{'; ' + fix if fix else ''}")
