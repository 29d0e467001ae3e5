"""Making a bundle of what a store has of an entrant."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness import __version__
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.suggest import check_known
from harness.core.words import counted
from harness.records.copies import files_of
from harness.records.record import Environment, Record
from harness.records.store import Store
from harness.registry.find import Registry
from harness.registry.headers import Header
from harness.registry.tuned import TUNED, EntryName, TunedEntry, tune_command, write_tuned
from harness.runs.job import Job
from harness.runs.selection import Given
from harness.submissions.bundle import RECORDS, SOURCE, members_of
from harness.submissions.contents import Contents, Tuned
from harness.submissions.manifest import FORM, Manifest, TrainedOn
from harness.tables.comparable import rerun
from harness.tables.table import data_names
from harness.tuning.trials import TuningResult


def find_entrant(registry: Registry, entrant: str, task: str = "") -> Header:
    """The header of an entrant, of whichever task has one of that name. An unknown name, and one that several tasks
    have where none is given, is a `UserError`."""
    tasks = [task] if task else [owner for owner, name in registry.entrants if name == entrant]
    if len(tasks) > 1:
        raise UserError(
            f"entrants of several tasks are called {entrant}; choose one: --task {' or '.join(sorted(tasks))}"
        )
    check_known("entrant", [] if tasks else [entrant], {name for _, name in registry.entrants})
    registry.card(tasks[0])
    return registry.header(tasks[0], entrant)


def check_submittable(contents: Contents, card: Card, header: Header, store: Store, given: Given) -> None:
    """Raise a `UserError` unless the store has a record of each run, made with the present code, and the trials that
    each entry of `tuned.toml` was chosen by. A run that failed is a result, too. What was `given` is part of the
    commands that repair it."""
    if not contents.results:
        command = rerun(card.task, "quick", {header.name: header.kind}, given=given)
        raise UserError(f"there are no records of {header.name} on {card.task} in {store.root}; `{command}` makes some")
    due = [run for run in contents.results if run.state not in ("done", "failed")]
    if due:
        raise UserError(
            f"{counted(len(due), 'run')} cannot be submitted, the first of them: {_repair(due[0], header, given)}"
        )
    for tuned in contents.tuned:
        result = TuningResult.of(tuned.tuning, store)
        if not result.complete or result.digest != tuned.entry.digest:
            command = tune_command(tuned.tuning.name, tuned.entry)
            raise UserError(f"{TUNED}: {tuned.tuning.name}: its trials are not in {store.root}; `{command}` makes them")


def _repair(run: Job, header: Header, given: Given) -> str:
    """Why a run lacks a record that can be submitted, and the command that makes one."""
    spec = run.spec
    labels = {spec.label: header.kind}
    command = rerun(spec.task, spec.tier, labels, cases=[spec.case], seeds=spec.seed + 1, given=given)
    return f"{spec.place} is {run.state}{f' ({run.why})' if run.why else ''}; `{command}`"


def records_of(contents: Contents, store: Store) -> list[Record]:
    """The stored records of all runs, in order of place. One that cannot be read is a `UserError`."""
    places = sorted(run.spec.place for run in contents.runs)
    records = [record for place in places if (record := store.read(place))]
    if store.problems:
        raise UserError(f"{store.problems[0]}; run it again before you submit")
    return records


def files_in(
    contents: Contents, records: Sequence[Record], header: Header, registry: Registry, store: Store
) -> dict[str, bytes]:
    """The files of a bundle by name, but for its manifest. Raises `UserError` for one that cannot be read."""
    names = {f"{RECORDS}/{name}": store.path(name) for record in records for name in files_of(record)}
    names |= {source_name(header, name): header.root / name for name in registry.closure(header).files}
    try:
        files = {name: path.read_bytes() for name, path in names.items()}
    except OSError as error:
        raise UserError(f"cannot read {error.filename}: {error.strerror}") from error
    beside = header.path.parent.relative_to(header.root) / TUNED
    return files | {source_name(header, beside.as_posix()): data for data in _tuned_file(contents.tuned)}


def manifest_of(
    header: Header, card: Card, records: Sequence[Record], files: Mapping[str, bytes], said: str
) -> Manifest:
    """The manifest of a bundle with these records and files."""
    return Manifest(
        form=FORM,
        harness=__version__,
        task=card.task,
        entrant=header.name,
        source=source_name(header, header.path.relative_to(header.root).as_posix()).removeprefix(f"{SOURCE}/"),
        trained_on=trained_on(records, header, said),
        environments=environments_of(records),
        members=members_of(files),
    )


def environments_of(records: Iterable[Record]) -> tuple[Environment, ...]:
    """The environments of records, each once."""
    by_content = {record.environment.model_dump_json(): record.environment for record in records}
    return tuple(by_content[content] for content in sorted(by_content))


def trained_on(records: Sequence[Record], header: Header, said: str) -> TrainedOn:
    """What the records say their runs were trained on, and what the submitter says."""
    return TrainedOn(
        data=tuple(sorted({name for record in records for name in data_names(record.spec.data)})),
        files=header.files,
        unlisted=tuple(sorted({name for record in records for name in record.origin.unlisted})),
        said=said,
    )


def source_name(header: Header, name: str) -> str:
    """The name in a bundle of a source file, given its name relative to the folder that bounds the entrant's code.
    Where that folder is a package, its name stays, because the files import each other by it."""
    package = [header.root.name] if (header.root / "__init__.py").exists() else []
    return "/".join([SOURCE, *package, name])


def _tuned_file(tuned: Iterable[Tuned]) -> Iterator[bytes]:
    """The bytes of a `tuned.toml` with some entries; none without entries."""
    entries: dict[EntryName, TunedEntry] = {each.tuning.name: each.entry for each in tuned}
    if entries:
        with tempfile.TemporaryDirectory() as folder:
            write_tuned(Path(folder), entries)
            yield (Path(folder) / TUNED).read_bytes()
