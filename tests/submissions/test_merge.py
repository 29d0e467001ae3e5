"""Merging files what fits, all of it or nothing, marks it, and replaces nothing."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bundles import ENTRANT, OpenBundle
from harness.core.errors import UserError
from harness.records.record import Record
from harness.records.store import Store
from harness.records.submitted import FOLDER, Filing, filings, mark_of, record_digest, submitted
from harness.submissions.merge import Source, merge

Command = Callable[..., "subprocess.CompletedProcess[str]"]
Make = Callable[..., Record]


def everything(folder: Path) -> dict[str, bytes]:
    return {path.as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def source(folder: Path, records: list[Record], **filing: object) -> Source:
    """A store of records as a source of a merge; with `filing`, others made them."""
    store = Store(folder)
    for record in records:
        store.write(record)
    read = tuple(found for record in records if (found := store.read(record.spec.place)))
    digests = {record.spec.place: record_digest(store.path(record.spec.place)) for record in read}
    filed = Filing.model_validate({"source": folder.name, "digest": "d", "records": digests, **filing})
    return Source(folder.name, store, read, filed if filing else None)


def test_records_of_several_stores_are_copied_byte_for_byte(tmp_path: Path, record: Make) -> None:
    one = source(tmp_path / "one", [record("vit", 0), record("vit", 1)])
    two = source(tmp_path / "two", [record("bit", seed) for seed in (0, 1)])
    target = Store(tmp_path / "all")
    assert [count for _, count in merge(target, [one, two])] == [2, 2]
    for each in (one, two):
        for path in each.store.records.rglob("*.json"):
            assert target.path(path.relative_to(each.store.records).as_posix()).read_bytes() == path.read_bytes()
    assert len(list(target.all())) == 4
    assert target.problems == []
    assert submitted(target) == {}


def test_the_same_merge_again_changes_nothing(tmp_path: Path, record: Make) -> None:
    one = source(tmp_path / "one", [record("vit", 0)], source="theirs")
    merge(Store(tmp_path / "all"), [one])
    before = everything(tmp_path)
    assert [count for _, count in merge(Store(tmp_path / "all"), [one])] == [0]
    assert everything(tmp_path) == before


def test_no_record_is_replaced_and_nothing_is_merged(tmp_path: Path, record: Make) -> None:
    target = Store(tmp_path / "all")
    target.write(record("vit", 1, 0.9))
    before = everything(tmp_path / "all")
    one = source(tmp_path / "one", [record("vit", 0), record("vit", 1, 0.8)])
    with pytest.raises(UserError, match=r"nothing is merged: toy/small/plain/vit/default-s1\.json of one is not the"):
        merge(target, [one])
    assert everything(tmp_path / "all") == before


def test_two_sources_with_other_records_of_one_run_are_refused(tmp_path: Path, record: Make) -> None:
    one, two = (source(tmp_path / name, [record("vit", 0, value)]) for name, value in (("one", 0.5), ("two", 0.6)))
    with pytest.raises(UserError, match="of two is not the record that one has there"):
        merge(Store(tmp_path / "all"), [one, two])
    assert not (tmp_path / "all").exists()


def test_runs_on_other_data_are_refused(tmp_path: Path, record: Make) -> None:
    target = Store(tmp_path / "all")
    target.write(record("bit", 0, produced="these"))
    one = source(tmp_path / "one", [record("vit", 0, produced="those")])
    with pytest.raises(UserError, match="toy at small: runs would differ in produced data, case plain, seed 0"):
        merge(target, [one])


def test_rows_are_marked_until_a_run_here_replaces_their_records(tmp_path: Path, record: Make) -> None:
    places = [record("vit", seed).spec.place for seed in (0, 1)]
    one = source(tmp_path / "one", [record("vit", 0), record("vit", 1)], verified=(places[0],), nonce="n")
    target = Store(tmp_path / "all")
    merge(target, [one])
    marks = submitted(target)
    assert [marks[place].verified for place in places] == [True, False]
    assert mark_of(places, marks) == "verified 1 of 2"
    target.write(record("vit", 1, 0.7))
    assert mark_of(places, submitted(target)) == "in part verified 1 of 2"
    target.write(record("vit", 0, 0.7))
    assert mark_of(places, submitted(target)) == ""


def test_what_was_verified_stays_so(tmp_path: Path, record: Make) -> None:
    made = [record("vit", 0)]
    target, folder = Store(tmp_path / "all"), tmp_path / "one"
    merge(target, [source(folder, made, source="s")])
    assert [filing.mark for filing in filings(target).values()] == ["self-reported"]
    merge(target, [source(folder, made, verified=(made[0].spec.place,))])
    merge(target, [source(folder, made, source="s")])
    assert [filing.mark for filing in filings(target).values()] == ["verified 1 of 1"]


def test_a_filing_that_was_edited_is_named(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "a.json").write_text("{}")
    with pytest.raises(UserError, match=r"a\.json: source: Field required; restore it, or merge its source again"):
        submitted(Store(tmp_path))


def test_a_folder_of_ones_own_machine_is_merged_without_a_mark(
    tell: Command, opened: OpenBundle, tmp_path: Path
) -> None:
    shutil.copytree(opened.folder, tmp_path / "other")
    words = ("merge", "other", "--plugin", f"opened/source/{ENTRANT}.py")
    before = everything(tmp_path / "other")
    marked = tell(*words, "--results", "marked")
    assert (marked.returncode, marked.stderr) == (0, "")
    assert "7 records, 7 of them new, self-reported" in marked.stdout
    assert "self-reported" not in tell(*words, "--own", "--results", "own").stdout
    assert not (tmp_path / "own" / FOLDER).exists()
    assert everything(tmp_path / "other") == before
    for path in (tmp_path / "own" / "records").rglob("*"):
        assert (
            path.is_dir() or path.read_bytes() == (tmp_path / "other" / path.relative_to(tmp_path / "own")).read_bytes()
        )


def test_a_folder_that_does_not_fit_is_one_line(tell: Command, opened: OpenBundle, tmp_path: Path) -> None:
    plugin = f"opened/source/{ENTRANT}.py"
    (tmp_path / "empty" / "records").mkdir(parents=True)
    for folder, words, message in (
        ("absent", (), "absent is no file"),
        ("opened/source", (), "is no folder of results"),
        ("empty", (), "has no records to merge"),
        ("opened", (), "tides has no entrant waves here; name its file (--plugin)"),
    ):
        done = tell("merge", folder, *words)
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert message in line
    path = opened.store.path(opened.place(0))
    path.write_text(path.read_text().replace('"spent": 48', '"spent": 47'))
    before = everything(opened.folder)
    done = tell("merge", "opened", "--plugin", plugin)
    assert "opened is not merged: record tides/smoke/harbour/waves/default-s0.json is edited" in done.stderr
    assert everything(opened.folder) == before
    (opened.folder / "source" / f"{ENTRANT}.py").write_text(
        (opened.folder / "source" / f"{ENTRANT}.py").read_text().replace("np.cos(phase)", "np.cos(2 * phase)")
    )
    path.unlink()
    assert "waves.py changed" in tell("merge", "opened", "--plugin", plugin).stderr
    assert not (tmp_path / "results").exists()


def test_a_report_must_be_on_the_bundle_and_good(
    tell: Command, bundle: Path, opened: OpenBundle, tmp_path: Path
) -> None:
    assert tell("verify", bundle.name, "--sample", "0").returncode == 0
    other = opened.close(tmp_path / "other.zip")
    opened.manifest["trained_on"]["said"] = "something"
    opened.close(other)
    done = tell("merge", other.name, "--report", "waves.report.json")
    assert "a report is on none of these bundles" in done.stderr
    report = tmp_path / "waves.report.json"
    report.write_text(report.read_text().replace('"faults": []', '"faults": ["forged"]'))
    assert "its report says that it does not hold" in tell("merge", bundle.name, "--report", report.name).stderr
    report.write_text("{}")
    assert "is no report of `harness verify`" in tell("merge", bundle.name, "--report", report.name).stderr
    assert not (tmp_path / "results").exists()


def test_only_what_is_complete_and_of_this_code_can_be_submitted(
    tell: Command, opened: OpenBundle, tmp_path: Path
) -> None:
    words = ("submit", "--entrant", ENTRANT, "--plugin", f"opened/source/{ENTRANT}.py", "--results", "opened")
    again = tell(*words, "--out", "again.zip", "--trained-on", "nothing")
    assert (again.returncode, again.stderr) == (0, "")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "waves.zip").read_bytes()
    nothing = tell("submit", "--entrant", "harmonics", "--results", "opened", "--out", "no.zip")
    assert "there are no records of harmonics on tides in opened; `harness run --task tides" in nothing.stderr
    assert "did you mean waves" in tell("submit", "--entrant", "wave", *words[3:], "--out", "no.zip").stderr
    opened.remove(3)
    missing = tell(*words, "--out", "no.zip")
    assert "1 run cannot be submitted, the first of them: tides/smoke/harbour/waves/default-s3.json" in missing.stderr
    repair = "--case harbour --entrant waves --seeds 4 --plugin opened/source/waves.py --results opened`"
    assert repair in missing.stderr
    assert not (tmp_path / "no.zip").exists()
