"""`tuned.toml`, which stands beside entrants: the parameters that tuning chose, and by which trials."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from harness.core.card import Amount, Card
from harness.core.errors import UserError
from harness.core.files import write_whole
from harness.core.spec import TierName, Value, shown
from harness.core.strict import Strict, first_fault, read_toml
from harness.core.suggest import unknown
from harness.registry.headers import Header

TUNED = "tuned.toml"


class TunedEntry(Strict):
    """What tuning chose for an entrant on one case of a tier.

    `parameters` are those that differ from the class defaults. There were as many `trials` as were `asked` for, or as
    many as the search space has combinations; each was run with the `budget` and with every one of the `seeds`. `score`
    is the winner's mean of the metric on the validation split; `digest` covers the keys and scores of all trials.
    """

    budget: Amount
    asked: int = Field(ge=1)
    trials: int = Field(ge=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    metric: str
    score: float = Field(allow_inf_nan=False)
    parameters: Mapping[str, Value] = {}
    digest: str


class EntryName(NamedTuple):
    """The name of an entry: an entrant and the case that it was tuned on; written as `[task.entrant.tier.case]`."""

    task: str
    entrant: str
    tier: TierName
    case: str

    def __str__(self) -> str:
        return f"[{'.'.join(self)}]"


Entries = dict[EntryName, TunedEntry]
_FILE = TypeAdapter(dict[str, dict[str, dict[TierName, dict[str, TunedEntry]]]])


def entry_for(name: EntryName, entries: Entries, cases: Sequence[str]) -> TunedEntry | None:
    """The entry that holds for a run: its own; if there is none, that of the first of the tier's `cases` that has one;
    else None."""
    names = [name, *(name._replace(case=case) for case in cases)]
    return next((entries[other] for other in names if other in entries), None)


def read_tuned(folder: Path) -> Entries:
    """The entries of a folder's `tuned.toml`, none if there is no such file; a fault is a `UserError`."""
    path = folder / TUNED
    try:
        content = _FILE.validate_python(read_toml(path) if path.exists() else {})
    except ValidationError as error:
        fault = first_fault(error, "content")
        raise UserError(f"{path}: {fault}; entries are written as [task.entrant.tier.case]") from error
    return {
        EntryName(task, entrant, tier, case): entry
        for task, entrants in content.items()
        for entrant, tiers in entrants.items()
        for tier, cases in tiers.items()
        for case, entry in cases.items()
    }


def checked_entries(folder: Path, known: Mapping[tuple[str, str], Header], cards: Mapping[str, Card]) -> Entries:
    """The entries of a folder's `tuned.toml` with values in the types of the `known` entrants' parameters.

    An unknown entrant, one that has the parameters of another, a case that the tier of the task's card does not have,
    an unknown parameter and a value that is not allowed are each a `UserError`. Beside a plug-in an unknown entrant is
    left out: it may be in another file.
    """
    beside = {key: header for key, header in known.items() if header.path.parent == folder}
    checked: Entries = {}
    for name, entry in read_tuned(folder).items():
        where = f"{folder / TUNED}: {name}"
        header = beside.get((name.task, name.entrant))
        if header is None:
            if any(other.kind == "plugin" for other in beside.values()):
                continue
            entrants = [entrant for task, entrant in beside if task == name.task]
            raise unknown(f"entrant of {name.task} in {where}", name.entrant, entrants, "rename or delete the entry")
        if header.tuned_as:
            raise UserError(f"{where}: {name.entrant} has the parameters of {header.tuned_as}; delete the entry")
        cases = [resolved.case.id for resolved in cards[name.task].at_tier(name.tier)]
        if name.case not in cases:
            raise unknown(f"case at tier {name.tier} in {where}", name.case, cases, "rename or delete the entry")
        checked[name] = entry.model_copy(update={"parameters": _checked_values(entry, name, header, where)})
    return checked


def _checked_values(entry: TunedEntry, name: EntryName, header: Header, where: str) -> dict[str, Value]:
    """The parameters of an entry in the types of the entrant's."""
    values = {}
    mend = f"tune again (`{tune_command(name, entry)}`) or delete the entry"
    for parameter, value in entry.parameters.items():
        if parameter not in header.parameters:
            raise unknown(f"parameter of {name.entrant} in {where}", parameter, header.parameters, mend)
        about = header.parameters[parameter]
        try:
            values[parameter] = about.parse(value) if isinstance(value, str) else about.check(value)
        except ValueError as error:
            raise UserError(f"{where}: {parameter} = {shown(value)}: {error}; {mend}") from error
    return values


def write_tuned(folder: Path, changed: Mapping[EntryName, TunedEntry]) -> None:
    """Put entries into a folder's `tuned.toml`; an entry replaces the one of its name. Writes all of it or nothing."""
    path = folder / TUNED
    lines = ["# Parameters chosen on the validation split, with as many trials for every entrant of a task."]
    for name, entry in sorted({**read_tuned(folder), **changed}.items(), key=lambda item: item[0]):
        lines += ["", f"# {tune_command(name, entry)}", str(name)]
        lines += [f"{field} = {_toml(value)}" for field, value in entry.model_dump().items()]
    try:
        write_whole(path, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def tune_command(name: EntryName, entry: TunedEntry) -> str:
    """The command that makes an entry."""
    words = f"harness tune --task {name.task} --tier {name.tier} --case {name.case}"
    return f"{words} --trials {entry.asked} --seeds {len(entry.seeds)}"


def _toml(value: Any) -> str:
    """A value in TOML. None, which TOML lacks, is written as the command line takes it."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {_toml(entry)}" for name, entry in sorted(value.items()))
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps("none" if value is None else value, ensure_ascii=False)
