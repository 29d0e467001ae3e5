"""Merging records of bundles and of other stores into a store: all that was asked for, or nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import UserError
from harness.core.files import write_whole
from harness.records.comparable import find_difference
from harness.records.copies import copy_record
from harness.records.record import Record
from harness.records.scored import scored
from harness.records.store import Store
from harness.records.submitted import FOLDER, Filing, record_digest, submitted
from harness.registry.find import Registry
from harness.runs.plan import Planner
from harness.submissions.bundle import Bundle, keep
from harness.submissions.contents import contents_of
from harness.submissions.examine import examine, faults_of_keys
from harness.submissions.manifest import sha256
from harness.submissions.report import Report


@dataclass(frozen=True)
class Source:
    """Records that are to be merged, and where they come from. Records of one's own machines have no filing; those of a
    bundle come with it."""

    name: str
    store: Store
    records: tuple[Record, ...]
    filing: Filing | None
    bundle: Bundle | None = None


def from_bundle(bundle: Bundle, reports: Mapping[str, Report]) -> Source:
    """The records of a bundle, given the reports of verifications by the digest of their bundle. A bundle that does not
    hold is a `UserError`, with or without a report."""
    examined, report = examine(bundle), reports.get(bundle.digest)
    wrong = [*examined.faults, *([] if report is None or report.holds else ["its report says that it does not hold"])]
    if wrong:
        more = f" (and {len(wrong) - 1} more: `harness verify {bundle.path} --sample 0`)" if len(wrong) > 1 else ""
        raise UserError(f"{bundle.path} is not merged: {wrong[0]}{more}")
    records = tuple(record for _, record in examined.jobs)
    digests = _digests(bundle.store, records)
    filing = Filing(
        source=bundle.path.name,
        digest=bundle.digest,
        records=digests,
        verified=tuple(place for place in report.verified if place in digests) if report else (),
        nonce=report.nonce if report else "",
        trained_on=bundle.manifest.trained_on.text,
    )
    return Source(bundle.name, bundle.store, records, filing, bundle)


def from_folder(folder: Path, registry: Registry, *, is_own: bool) -> Source:
    """The records of another store, which must be those of entrants and tasks in the registry. Records that were merged
    into that store are left out: their bundles lie beside them. A folder without records, a record that cannot be used,
    an unknown entrant and a record of other code are each a `UserError`."""
    store = Store(folder, is_only_read=True)
    if not store.records.is_dir():
        raise UserError(f"{folder} is no folder of results: it has no folder `records`; nothing is merged")
    planner, merged = Planner(registry, store), submitted(store)
    parts = [place.split("/") for place in store.places() if place not in merged]
    records: list[Record] = []
    for task, entrant in sorted({(task, entrant) for task, _tier, _case, entrant, _file in parts}):
        if predicted := list(_predictions(store, [part for part in parts if (part[0], part[3]) == (task, entrant)])):
            records += predicted
            continue
        if (task, entrant) not in registry.entrants:
            raise UserError(
                f"{folder} is not merged: {task} has no entrant {entrant} here; name its file (--plugin), or merge its "
                "bundle"
            )
        contents = contents_of(planner, registry.header(task, entrant))
        jobs = [(job, record) for job in contents.runs if (record := store.read(job.spec.place))]
        jobs = [(job, record) for job, record in jobs if job.spec.place not in merged]
        foreign = (f"foreign: {place}: {why}" for place, why in contents.foreign)
        for fault in [*store.problems, *foreign, *faults_of_keys(jobs)]:
            raise UserError(f"{folder} is not merged: {fault}")
        records += (record for _, record in jobs)
    if not records:
        raise UserError(f"{folder} has no records to merge")
    digests = _digests(store, records)
    digest = sha256("\n".join(f"{place} {digests[place]}" for place in sorted(digests)).encode())
    filing = None if is_own else Filing(source=folder.resolve().name, digest=digest, records=digests)
    return Source(f"{folder.resolve().name}-{digest[:12]}", store, tuple(records), filing)


def _predictions(store: Store, parts: Sequence[Sequence[str]]) -> Iterator[Record]:
    """The records at some places that are of predictions, which have no code."""
    found = (store.read("/".join(part)) for part in parts)
    return (record for record in found if record is not None and record.origin.kind == "predictions")


def merge(target: Store, sources: Sequence[Source]) -> list[tuple[Source, int]]:
    """Merge sources into a store, and return how many records of each were not there yet.

    Nothing is merged, and a `UserError` says why, if a record would take the place of another one, or if runs could no
    longer be compared. A merge that is killed is completed by the same command.
    """
    for clash in _clashes(target, sources):
        raise UserError(f"nothing is merged: {clash}")
    _check_comparable(target, sources)
    target.make_writable()
    counts = []
    try:
        for source in sources:
            # The filing comes first, so that no record is ever there without its mark.
            _file(target, source)
            new = [record for record in source.records if not target.path(record.spec.place).exists()]
            for record in new:
                copy_record(record, source.store, target)
            counts.append((source, len(new)))
    except OSError as error:
        raise UserError(f"cannot write {error.filename}: {error.strerror}; the same command continues") from error
    return counts


def _clashes(target: Store, sources: Sequence[Source]) -> Iterator[str]:
    """Records that would take the place of another one, in words."""
    taken: dict[str, tuple[str, str]] = {}
    for source in sources:
        for place, digest in _digests(source.store, source.records).items():
            there = taken.get(place) or (record_digest(target.path(place)), str(target.root))
            if there[0] not in ("", digest):
                other = f"{place} of {source.name} is not the record that {there[1]} has there"
                yield f"{other}; remove one of them, or merge into another folder (--results)"
            taken[place] = digest, source.name


def _check_comparable(target: Store, sources: Sequence[Source]) -> None:
    """Raise a `UserError` if runs of a task could no longer stand in one table."""
    incoming = [record for source in sources for record in source.records if record.spec.split == "test"]
    for task, tier in sorted({(record.spec.task, record.spec.tier) for record in incoming}):
        of_tier = {
            record.spec.place: record for record in incoming if (record.spec.task, record.spec.tier) == (task, tier)
        }
        stored = [record for record in target.stored(tier, {task}) if record.spec.place not in of_tier]
        runs = scored([*stored, *of_tier.values()])[task, tier].runs
        if (difference := find_difference(runs)) is not None:
            examples = " and ".join(group[0].path for group in difference.runs.values())
            raise UserError(f"nothing is merged: {task} at {tier}: runs would differ in {difference.text}: {examples}")


def _file(target: Store, source: Source) -> None:
    """Write down what is known of a source's records, and keep its bundle. What was verified before stays so."""
    if source.filing is None:
        return
    path, filing = target.root / FOLDER / f"{source.name}.json", source.filing
    if path.exists() and not filing.verified:
        return
    if source.bundle is not None:
        keep(source.bundle, path.with_suffix(".zip"))
    write_whole(path, f"{filing.model_dump_json(indent=1)}\n".encode())


def _digests(store: Store, records: Sequence[Record]) -> dict[str, str]:
    """The digest of each record's own file by place."""
    return {record.spec.place: record_digest(store.path(record.spec.place)) for record in records}
