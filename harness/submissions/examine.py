"""What can be said of a bundle without running anything: whether its records are those of its source, complete and
tuned as others were."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.core.closure import closure
from harness.core.errors import UserError
from harness.core.words import seeds_in_words
from harness.records.copies import files_of
from harness.records.record import Record
from harness.records.store import Store
from harness.registry.find import Registry, find
from harness.registry.headers import Header, inapplicable
from harness.registry.tuned import TUNED, EntryName, TunedEntry
from harness.runs.job import Job
from harness.runs.outcome import faults
from harness.runs.plan import Planner
from harness.submissions.bundle import RECORDS, SOURCE, Bundle
from harness.submissions.contents import Contents, contents_of
from harness.submissions.items import items_of
from harness.submissions.submit import environments_of, source_name, trained_on
from harness.tuning.trials import TuningResult


@dataclass(frozen=True)
class Examined:
    """A bundle and what was found in it, nothing of which was run.

    `jobs` are the runs that have a record, each with it. `faults` say why the bundle must not be merged, a line each;
    `notes` what its readers should know.
    """

    bundle: Bundle
    jobs: tuple[tuple[Job, Record], ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def places(self) -> list[str]:
        """The places of all its records, in order."""
        return sorted(job.spec.place for job, _ in self.jobs)


def examine(bundle: Bundle) -> Examined:
    """Examine a bundle. A task that is not installed, and source in which its entrant cannot be found, is a
    `UserError`."""
    registry, header = _found(bundle)
    planner = Planner(registry, bundle.store)
    contents, store = contents_of(planner, header), planner.store
    jobs = [(run, record) for run in contents.runs if (record := store.read(run.spec.place))]
    records = [record for _, record in jobs]
    # Where records cannot be used, all that follows would be about their absence.
    found = [f"unsound: {problem}" for problem in store.problems] or [
        *_of_source(bundle, registry, header),
        *(f"foreign: {place}: {why}" for place, why in contents.foreign),
        *faults_of_keys(jobs),
        *_of_seeds(contents),
        *_of_trials(contents, planner, header),
        *_of_items(store, records),
        *_of_files(bundle, records),
        *_of_statement(bundle, header, records),
        *([] if jobs else ["empty: it has no record of its entrant"]),
    ]
    return Examined(bundle, tuple(jobs), tuple(found), tuple(_notes(planner, contents, bundle)))


def _found(bundle: Bundle) -> tuple[Registry, Header]:
    """The registry with the bundle's entrant, and its header. Where an entrant of that name is installed, it is that
    one; else the source in the bundle is read as that of a plug-in, and not executed."""
    task, entrant = bundle.manifest.task, bundle.manifest.entrant
    registry = find()
    registry.card(task)
    if (task, entrant) not in registry.entrants:
        registry = find([bundle.source])
        if (task, entrant) not in registry.entrants:
            raise UserError(f"{bundle.path}: {bundle.manifest.source} does not define the entrant {entrant} of {task}")
    return registry, registry.header(task, entrant)


def _of_source(bundle: Bundle, registry: Registry, header: Header) -> Iterator[str]:
    """Source files that are not those of the entrant's code: any that its keys do not cover, and for an installed
    entrant those whose code is another one."""
    files = registry.closure(header).files
    names = {source_name(header, name): digest for name, digest in files.items()}
    tuned = source_name(header, (header.path.parent.relative_to(header.root) / TUNED).as_posix())
    there = {name for name in bundle.manifest.members if name.startswith(f"{SOURCE}/")}
    yield from (f"foreign: {name} is not part of its entrant's code" for name in sorted(there - {*names, tuned}))
    if lacking := sorted(names.keys() - there):
        yield f"changed: {lacking[0]}, which is part of the installed {header.name}, is not in the bundle"
    elif not header.path.is_relative_to(bundle.folder.resolve()):
        folder = bundle.folder / source_name(header, "")
        python, others = (
            [folder / name for name in files if name.endswith(".py") == is_python] for is_python in (True, False)
        )
        bundled = closure(python, folder, others).files
        for name in sorted(name for name in files if bundled.get(name) != files[name]):
            yield f"changed: {source_name(header, name)} is not the code of {header.name} that is installed here"


def faults_of_keys(jobs: Sequence[tuple[Job, Record]]) -> Iterator[str]:
    """Records that are not of the runs that the bundle's source makes: with another key, or with anything else that a
    run does not decide."""
    for job, record in jobs:
        place = job.spec.place
        if record.key != record.spec.key:
            yield f"foreign key: {place}: its key {record.key[:8]} is not that of what it says was run"
        elif job.state == "stale":
            yield f"changed: {place} is not of the source in the bundle: {job.why}"
        else:
            yield from (f"changed: {place}: {fault}" for fault in [*faults(record, job), *_of_card(job, record)])


def _of_card(job: Job, record: Record) -> Iterator[str]:
    """What a record says of its metrics and of its entrant otherwise than card and source do. Chance may depend on the
    data of a run."""
    stated, of_card = (
        {name: metric.model_copy(update={"chance": None}) for name, metric in metrics.items()}
        for metrics in (record.metrics, job.card.metrics)
    )
    if stated != of_card:
        yield "its metrics are not those of the card"
    for name in ("kind", "component", "deterministic"):
        said, is_ = getattr(record.origin, name), getattr(job.header, name)
        if said != is_:
            yield f"it says that its entrant's {name} is '{said}', but it is '{is_}'"


def _of_seeds(contents: Contents) -> Iterator[str]:
    """Cells that lack a seed."""
    missing: dict[str, list[int]] = {}
    for run in contents.results:
        if run.state == "missing":
            cell = f"{run.spec.label} on {run.spec.case} at {run.spec.tier}"
            missing.setdefault(cell, []).append(run.spec.seed)
    yield from (f"missing: {cell} lacks {seeds_in_words(seeds)}" for cell, seeds in missing.items())


def _of_trials(contents: Contents, planner: Planner, header: Header) -> Iterator[str]:
    """Entries of `tuned.toml` that are not what their trials say, or were chosen with another effort than those of the
    task's other entrants."""
    for tuned in contents.tuned:
        name, entry, result = tuned.tuning.name, tuned.entry, TuningResult.of(tuned.tuning, planner.store)
        if any(None in records for records in result.records):
            yield f"trials: {name}: not all of the trials that {TUNED} counts are in the bundle"
        elif not result.complete or result.entry() != entry:
            yield f"trials: {name}: the trials in the bundle chose something else than {TUNED} says"
        others = _entries_of_others(planner, header, name)
        efforts = sorted({_effort(other) for other in others})
        if _effort(entry) not in efforts:
            theirs = " or ".join(efforts) or "none"
            yield f"trials: {name}: chosen with {_effort(entry)}; the other entrants of {name.task}: {theirs}"


def _entries_of_others(planner: Planner, header: Header, name: EntryName) -> list[TunedEntry]:
    """What tuning chose for the other entrants of a task in the same place."""
    others = [other for other in planner.registry.of_task(header.task).values() if other.name != header.name]
    found = (planner.entries(other).get(name._replace(entrant=other.name)) for other in others)
    return [entry for entry in found if entry]


def _effort(entry: TunedEntry) -> str:
    budget = ", ".join(f"{total:,} {unit}" for unit, total in entry.budget.items())
    return f"{entry.asked} trials with {seeds_in_words(entry.seeds)} and {budget} each"


def _of_items(store: Store, records: Sequence[Record]) -> Iterator[str]:
    """Sidecars that hold something else than the scores of items."""
    for record in records:
        try:
            items_of(store, record)
        except UserError as error:
            yield f"unsound: {error}"


def _of_files(bundle: Bundle, records: Sequence[Record]) -> Iterator[str]:
    """Files beside those of the records."""
    known = {f"{RECORDS}/{name}" for record in records for name in files_of(record)}
    there = {name for name in bundle.manifest.members if name.startswith(f"{RECORDS}/")}
    for name in sorted(there - known):
        if name.startswith(f"{RECORDS}/tuning/"):
            yield f"extra trials: {name} is not among those that {TUNED} counts"
        else:
            yield f"foreign: {name} belongs to no record of {bundle.manifest.entrant}"


def _of_statement(bundle: Bundle, header: Header, records: Sequence[Record]) -> Iterator[str]:
    """What the manifest says and the records do not."""
    manifest = bundle.manifest
    stated, is_ = manifest.trained_on, trained_on(records, header, manifest.trained_on.said)
    if stated != is_:
        yield f"statement: it says it was trained on {stated.text}; its records say: {is_.text}"
    if manifest.environments != environments_of(records):
        yield "statement: it names other environments than its records"


def _notes(planner: Planner, contents: Contents, bundle: Bundle) -> Iterator[str]:
    """What readers of the bundle should know, though nothing of it is wrong."""
    header, unlisted = (
        planner.registry.header(bundle.manifest.task, bundle.manifest.entrant),
        bundle.manifest.trained_on.unlisted,
    )
    if unlisted:
        yield f"its runs opened files that are not in the bundle: {', '.join(unlisted)}"
    cells = {(run.spec.tier, run.spec.case) for run in contents.results}
    for tier in dict.fromkeys(tier for tier, _ in cells):
        resolved = [each for each in planner.registry.card(header.task).at_tier(tier) if not inapplicable(header, each)]
        if left_out := [each.case.id for each in resolved if (tier, each.case.id) not in cells]:
            yield f"at tier {tier} it has no records of: {', '.join(left_out)}"
    if failed := [run.spec.place for run in contents.results if run.state == "failed"]:
        yield f"runs that ended in an error: {', '.join(failed)}"
