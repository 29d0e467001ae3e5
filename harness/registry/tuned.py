"""`tuned.toml`, which stands beside entrants: the parameters that tuning chose, and what shows how it chose them."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.core.card import Amount, Card
from harness.core.errors import UserError
from harness.core.files import write_whole
from harness.core.spec import TIERS, TierName, Value, shown
from harness.core.suggest import unknown
from harness.registry.headers import Header

TUNED = "tuned.toml"


class TunedEntry(BaseModel):
    """What tuning chose for an entrant on one case of a tier.

    `parameters` are those that differ from the class defaults. Of the `asked` trials as many were tried as the search
    space has combinations for; each had the `budget`, and every one of the `seeds`. `score` is the mean of the metric
    on the validation split; `digest` is that of all trials, their keys and their scores.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget: Amount
    asked: int = Field(ge=1)
    trials: int = Field(ge=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    metric: str
    score: float = Field(allow_inf_nan=False)
    parameters: Mapping[str, Value] = {}
    digest: str


class EntryName(NamedTuple):
    """Whose entry it is, and the case that it was tuned on; written as `[task.entrant.tier.case]`."""

    task: str
    entrant: str
    tier: TierName
    case: str

    def __str__(self) -> str:
        return f"[{'.'.join(self)}]"


Entries = dict[EntryName, TunedEntry]


def entry_for(place: EntryName, entries: Entries, cases: Sequence[str]) -> TunedEntry | None:
    """What holds for a run: the entry of its own place; if there is none, that of the first of the tier's `cases`, in
    the card's order, which has one; else None."""
    places = [place, *(place._replace(case=case) for case in cases)]
    return next((entries[other] for other in places if other in entries), None)


def read_tuned(folder: Path) -> Entries:
    """The entries of a folder's `tuned.toml`, none if there is no such file; a fault is a `UserError`."""
    path = folder / TUNED
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from error
    entries: Entries = {}
    for place, entry in _placed(path, content):
        if place.tier not in TIERS:
            raise UserError(f"{path}: {place}: a tier is one of {', '.join(TIERS)}")
        try:
            entries[place] = TunedEntry.model_validate(entry)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise UserError(f"{path}: {place}: {name}: {first['msg'].lower()}") from error
    return entries


def _placed(path: Path, content: Any, *names: Any) -> Iterator[tuple[EntryName, Any]]:
    """The tables that stand under as many names as a place has."""
    if not isinstance(content, dict):
        raise UserError(f"{path}: {'.'.join(names)} is no table; entries are written as [task.entrant.tier.case]")
    if len(names) == len(EntryName._fields):
        yield EntryName(*names), content
        return
    for name, inner in content.items():
        yield from _placed(path, inner, *names, name)


def checked_entries(folder: Path, known: Mapping[tuple[str, str], Header], cards: Mapping[str, Card]) -> Entries:
    """The entries of a folder's `tuned.toml` with values as the `known` entrants' parameters hold them.

    An unknown entrant (beside a plug-in, where it may belong to a file that was not asked for, it is left out), a case
    that the tier of the task's card does not have, an unknown parameter and a value that is not allowed are each a
    `UserError`.
    """
    entries = read_tuned(folder)
    beside_plugin = any(header.kind == "plugin" for header in known.values() if header.path.parent == folder)
    found: Entries = {}
    for place, entry in entries.items():
        header = known.get((place.task, place.entrant))
        mend = f"tune again (`{tune_command(place, entry)}`) or delete the entry"
        where = f"{folder / TUNED}: {place}"
        if header is None or header.path.parent != folder:
            if beside_plugin:
                continue
            raise unknown(
                f"entrant of {place.task} in {where}",
                place.entrant,
                {name for (task, name), other in known.items() if (task, other.path.parent) == (place.task, folder)},
                "rename or delete the entry",
            )
        tier = cards[place.task].tiers.get(place.tier)
        if tier is None or place.case not in tier.cases:
            there = tier.cases if tier else ()
            raise unknown(f"case at tier {place.tier} in {where}", place.case, there, "rename or delete the entry")
        values = {}
        for name, value in entry.parameters.items():
            if name not in header.parameters:
                raise unknown(f"parameter of {place.entrant} in {where}", name, header.parameters, mend)
            try:
                parameter = header.parameters[name]
                values[name] = parameter.parse(value) if isinstance(value, str) else parameter.check(value)
            except ValueError as error:
                raise UserError(f"{where}: {name} = {shown(value)}: {error}; {mend}") from error
        found[place] = entry.model_copy(update={"parameters": values})
    return found


def write_tuned(folder: Path, changed: Mapping[EntryName, TunedEntry]) -> None:
    """Put entries into a folder's `tuned.toml`, in the place of those that they replace; whole or not at all."""
    path = folder / TUNED
    lines = ["# Parameters chosen on the validation split, with as many trials for every entrant of a task."]
    for place, entry in sorted({**read_tuned(folder), **changed}.items(), key=lambda item: item[0]):
        lines += ["", f"# {tune_command(place, entry)}", str(place)]
        lines += [f"{name} = {_toml(value)}" for name, value in entry.model_dump().items()]
    try:
        write_whole(path, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def tune_command(place: EntryName, entry: TunedEntry) -> str:
    """The command that makes an entry."""
    words = f"harness tune --task {place.task} --tier {place.tier} --case {place.case} --trials {entry.asked}"
    return f"{words} --seeds {len(entry.seeds)}"


def _toml(value: Any) -> str:
    """A value in TOML. None, which TOML lacks, is written as the command line takes it."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {_toml(entry)}" for name, entry in sorted(value.items()))
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps("none" if value is None else value, ensure_ascii=False)
