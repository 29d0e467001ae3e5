"""Records are written whole or not at all, verified when read, and put aside by name when they were harmed."""

import hashlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import Timeout

from harness.core.canonical import canonical
from harness.core.card import Metric
from harness.core.errors import UserError
from harness.core.spec import Spec
from harness.records import store as module
from harness.records.form import Shared, from_bytes, shared_digest, to_files
from harness.records.record import Environment, Origin, Record, RecordedScore, stored
from harness.records.store import Store
from toys import make_spec

SPEC = make_spec(entrant="ppmi")
NAME = "toy/small/plain/ppmi/default-s0.json"


def _record(spec: Spec = SPEC, **changes: Any) -> Record:
    score = RecordedScore(metric="spearman", value=0.5, n_used=3, n_expected=3, items="spearman")
    plain = Record(
        key=spec.key,
        spec=spec,
        status="ok",
        primary="spearman",
        metrics={"spearman": Metric(better="higher")},
        origin=Origin(kind="baseline"),
        scores=(score,),
    )
    return plain.model_copy(update=changes)


ITEMS = {"spearman": np.array([0.25, 1.0, np.nan]), "accuracy|k=8": np.array([True, False])}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def _names(folder: Path) -> list[str]:
    """The files of a folder but for those that records share."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if "shared/" not in name)


def _shared(store: Store) -> list[Path]:
    """The files that records share."""
    return sorted((store.records / "shared").iterdir())


def test_what_is_written_is_read(store: Store) -> None:
    path = store.write(_record())
    assert path == store.root / "records" / NAME
    assert store.read(SPEC.place) == _record()
    assert list(store.all()) == [_record()]
    assert store.problems == []


def test_nothing_is_no_problem(store: Store) -> None:
    assert store.read(SPEC.place) is None
    assert list(store.all()) == []
    assert list(store.stored()) == []
    assert store.problems == []


def test_a_newer_record_replaces_the_one_of_its_cell(store: Store) -> None:
    newer = _record(replace(SPEC, version=2), finished="later")
    store.write(_record())
    store.write(newer)
    assert list(store.all()) == [newer]
    assert _names(store.records) == [NAME]


def test_every_cell_has_its_record_in_order_of_path(store: Store) -> None:
    specs = [replace(SPEC, seed=1), SPEC, replace(SPEC, chosen={"dim": 0.5}), replace(SPEC, entrant="cbow")]
    for spec in specs:
        store.write(_record(spec))
    cells = [record.spec.place for record in store.all()]
    assert cells == sorted((spec.place for spec in specs), key=Path)
    assert [found.spec.place for found in store.stored()] == cells
    assert list(store.places()) == [str(cell) for cell in cells]


def test_what_is_read_as_plain_values_is_the_same(store: Store) -> None:
    store.write(_record(), ITEMS)
    record = store.read(SPEC.place)
    assert record is not None
    assert store.stored_at(SPEC.place) == next(store.stored()) == stored(record)


def test_a_tier_and_tasks_are_read_without_the_others(store: Store) -> None:
    others = [replace(SPEC, tier="quick"), replace(SPEC, task="pictures"), replace(SPEC, task="toyland")]
    for spec in (SPEC, *others):
        _edited(store.write(_record(spec)))
    store.write(_record())
    assert [found.spec for found in store.stored("small", {"toy"})] == [SPEC]
    assert list(store.places(tasks={"toy"})) == [others[0].place, NAME]
    assert store.problems == []


def test_a_failure_while_writing_leaves_the_old_record(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(_record(), ITEMS)
    before = _names(store.root)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(UserError, match=rf"cannot write the record .*{NAME}: No space left on device"):
            store.write(_record(finished="later"))
    assert _names(store.root) == before
    assert store.read(SPEC.place) is not None
    assert store.problems == []


def test_who_reads_while_a_record_is_replaced_reads_the_old_one_whole(store: Store) -> None:
    with store.write(_record()).open("rb") as reader:
        begun = reader.read(100)
        store.write(_record(finished="later"))
        assert begun + reader.read() == to_files(_record()).own


def test_a_kill_while_writing_leaves_the_old_record(store: Store, tmp_path: Path) -> None:
    store.write(_record(), ITEMS)
    (tmp_path / "new.json").write_text(_record(finished="later").model_dump_json())
    program = (
        "import os, sys; from pathlib import Path;"
        "from harness.records.record import Record; from harness.records.store import Store;"
        "os.fsync = lambda descriptor: os._exit(9);"
        "Store(Path(sys.argv[1])).write(Record.model_validate_json(Path(sys.argv[2]).read_bytes()))"
    )
    words = [sys.executable, "-c", program, str(store.root), str(tmp_path / "new.json")]
    assert subprocess.run(words, check=False, timeout=60).returncode == 9
    (record,) = store.all()
    assert record.finished == ""
    assert store.items(record).keys() == ITEMS.keys()
    assert store.problems == []


def test_records_can_be_read_by_whom_the_user_allows(store: Store) -> None:
    before = os.umask(0o027)
    try:
        path = store.write(_record(), ITEMS, {"grid.png": b"png"})
    finally:
        os.umask(before)
    files = [path, *path.parent.glob("*.npz"), *path.parent.glob("*/*"), *_shared(store)]
    modes = {file.stat().st_mode & 0o777 for file in files}
    assert modes == {0o640}


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _edited(path: Path) -> None:
    path.write_text(path.read_text().replace('"value": 0.5', '"value": 0.9'))


@pytest.mark.parametrize("read", ["all", "stored"])
@pytest.mark.parametrize(
    ("harm", "what"),
    [(_truncated, "truncated"), (_emptied, "truncated"), (_edited, "edited: its digest does not match")],
)
def test_a_harmed_record_is_put_aside_by_name(store: Store, harm: Any, what: str, read: str) -> None:
    other = replace(SPEC, seed=1)
    store.write(_record(other))
    harm(store.write(_record()))
    assert [found.spec.place for found in getattr(store, read)()] == [other.place]
    (problem,) = store.problems
    assert problem.startswith(f"record {NAME} is {what}")
    assert problem.endswith(f"it is not used and was moved to quarantine/{NAME}")
    assert (store.root / "quarantine" / NAME).is_file()
    assert not store.path(SPEC.place).exists()


def test_a_cell_whose_record_was_put_aside_is_missing(store: Store) -> None:
    _edited(store.write(_record()))
    assert store.read(SPEC.place) is None
    assert store.read(SPEC.place) is None
    assert len(store.problems) == 1
    store.write(_record())
    assert store.read(SPEC.place) == _record()


def test_a_record_that_was_put_aside_before_is_not_overwritten(store: Store) -> None:
    for damage in (_edited, _truncated):
        damage(store.write(_record()))
        assert store.read(SPEC.place) is None
    assert store.problems[1].endswith(f"it is not used and was moved to quarantine/{NAME}.2")
    first, second = (store.root / "quarantine" / f"{NAME}{number}" for number in ("", ".2"))
    assert first.read_bytes() != second.read_bytes()


@pytest.mark.parametrize("read", ["all", "stored"])
def test_a_copy_is_put_aside_and_the_original_stays(store: Store, read: str) -> None:
    path = store.write(_record())
    shutil.copy(path, path.with_name("default-s0 (copy).json"))
    shutil.copy(path, path.with_name("default-s1.json"))
    assert [found.spec.place for found in getattr(store, read)()] == [SPEC.place]
    assert len(store.problems) == 2
    assert all(f"is duplicate: it belongs at {NAME}; it is not used" in problem for problem in store.problems)
    assert store.path(SPEC.place).exists()


def test_records_that_have_much_in_common_store_it_once(store: Store) -> None:
    for seed in range(5):
        store.write(_record(replace(SPEC, seed=seed)))
    before = {path: path.stat().st_ino for path in _shared(store)}
    assert len(before) == 3
    store.write(_record(finished="later"))
    assert {path: path.stat().st_ino for path in _shared(store)} == before, "what is there is not written again"
    assert len(list(store.all())) == 5


def test_a_copy_of_a_record_and_what_it_shares_says_all_that_it_said(store: Store, tmp_path: Path) -> None:
    record = _record(environment=Environment(commit="a" * 40, processor="abacus"))
    store.write(record)
    shutil.copytree(store.records, tmp_path / "copy" / "records")
    assert list(Store(tmp_path / "copy").all()) == [record]


@pytest.mark.parametrize("harm", [Path.unlink, _emptied, lambda path: path.write_text(path.read_text() + " ")])
@pytest.mark.parametrize("read", ["all", "stored"])
def test_a_shared_file_that_is_missing_or_edited_is_named_once_and_nothing_is_put_aside(
    store: Store, harm: Any, read: str
) -> None:
    for seed in range(3):
        store.write(_record(replace(SPEC, seed=seed)))
    other = _record(replace(SPEC, entrant="lsh", code="1" * 32), origin=Origin(kind="ablation"))
    store.write(other)
    (origin,) = (path for path in _shared(store) if '"baseline"' in path.read_text())
    whole = origin.read_bytes()
    harm(origin)
    reader = Store(store.root)
    assert [found.spec.place for found in getattr(reader, read)()] == [other.spec.place]
    assert reader.problems == [
        f"3 records, the first of them {NAME}, are not used: {origin} is missing or edited "
        f"(`git checkout -- {origin}` restores it if it was committed); run them again"
    ]
    assert len(list(store.places())) == 4
    assert not (store.root / "quarantine").exists()
    origin.write_bytes(whole)
    assert len(list(getattr(reader, read)())) == 4
    assert reader.problems == []


def test_a_run_that_is_done_again_restores_what_it_shares(store: Store) -> None:
    for seed in range(3):
        store.write(_record(replace(SPEC, seed=seed)))
    for path in _shared(store):
        _emptied(path)
    store.write(_record(finished="later"))
    assert len(list(Store(store.root).all())) == 3


def _of_version(record: Record, version: int) -> bytes:
    """The file of a record as another version of the harness would write it, with all that it has in common."""
    body = canonical({**stored(record).content, "schema_version": version})
    return b'{"digest": "%s",\n"record": %s}\n' % (hashlib.sha256(body).hexdigest().encode(), body)


@pytest.mark.parametrize(("version", "words"), [(1, "an earlier"), (3, "a later")])
@pytest.mark.parametrize("read", ["all", "stored"])
def test_records_of_another_version_are_named_once_and_stay(store: Store, version: int, words: str, read: str) -> None:
    files = {seed: store.write(_record(replace(SPEC, seed=seed))) for seed in range(3)}
    for seed in (0, 1):
        files[seed].write_bytes(_of_version(_record(replace(SPEC, seed=seed)), version))
    assert [found.spec.seed for found in getattr(store, read)()] == [2]
    assert store.problems == [
        f"2 records, the first of them {NAME}, are not used: written by {words} version of the harness; run them again"
    ]
    assert all(path.exists() for path in files.values())
    assert store.why_unusable(SPEC.place) == f"written by {words} version of the harness"
    store.write(_record())
    assert store.read(SPEC.place) == _record()
    assert store.why_unusable(SPEC.place) == ""
    assert store.problems == [
        f"record {files[1].relative_to(store.records)} is not used: written by {words} version of the harness; "
        "run it again"
    ]


def test_a_harmed_record_of_an_earlier_version_is_put_aside_like_any(store: Store) -> None:
    path = store.write(_record())
    path.write_bytes(_of_version(_record(), 1).replace(b'"seed":0', b'"seed":1'))
    assert list(store.all()) == []
    assert store.problems[0].startswith(f"record {NAME} is edited: its digest does not match its content")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize("read", ["all", "stored"])
@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (_folder, "unreadable (Is a directory)"),
        (_loop, "unreadable (Too many levels of symbolic links)"),
        (_dangling, "a link that leads nowhere"),
    ],
)
def test_what_cannot_be_read_is_put_aside_and_the_others_are_used(
    store: Store, harm: Any, what: str, read: str
) -> None:
    other = replace(SPEC, seed=1)
    store.write(_record(other))
    harm(store.write(_record()))
    assert [found.spec for found in getattr(store, read)()] == [other]
    assert store.problems == [f"record {NAME} is {what}; it is not used and was moved to quarantine/{NAME}"]
    store.write(_record())
    assert store.read(SPEC.place) == _record()


def test_a_record_with_its_suffix_in_capitals_is_named_and_put_aside(store: Store) -> None:
    path = store.write(_record())
    path.rename(path.with_suffix(".JSON"))
    assert list(store.all()) == []
    (problem,) = store.problems
    assert f"default-s0.JSON is duplicate: it belongs at {NAME}" in problem


def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_used(store: Store) -> None:
    store.write(_record())
    (store.records / "loop").symlink_to("loop")
    assert list(store.all()) == [_record()]
    assert store.problems == ["the folder loop is not read: Too many levels of symbolic links"]


def _forged(path: Path, change: Any) -> None:
    """Change what a record's own file holds, with the digest that fits."""
    content = json.loads(path.read_bytes())["record"]
    change(content)
    body = json.dumps(content).encode()
    head = f'{{"digest": "{hashlib.sha256(body).hexdigest()}",\n"record": '
    path.write_bytes(head.encode() + body + b"}\n")


def _set(*way: str | int, to: Any) -> Any:
    """A change that sets what lies at the end of a way through a record."""

    def change(content: Any) -> None:
        for step in way[:-1]:
            content = content[step]
        content[way[-1]] = to

    return change


WRONG_CONTENT = [
    lambda content: content.clear(),
    lambda content: content.pop("scores"),
    lambda content: content.pop("spec"),
    lambda content: content.pop("shared"),
    lambda content: content["shared"].pop("case"),
    lambda content: content["scores"][0].pop("value"),
    _set("further", to=1),
    _set("scores", to={}),
    _set("scores", to=[3]),
    _set("scores", 0, "value", to="0.5"),
    _set("scores", 0, "value", to=None),
    _set("scores", 0, "value", to=float("nan")),
    _set("scores", 0, "value", to=float("inf")),
    _set("scores", 0, "metric", to="beauty"),
    _set("scores", 0, "metric", to=None),
    _set("scores", 0, "n_used", to=-3),
    _set("scores", 0, "n_used", to=0.5),
    _set("scores", 0, "at", to=[]),
    _set("scores", 0, "at", to={"L": None}),
    _set("status", to="fine"),
    _set("status", to="error"),
    _set("failure", to="it broke"),
    _set("spec", "seed", to="0"),
    _set("spec", "chosen", to={"dim": [1]}),
    _set("spec", "chosen", to=None),
    _set("spec", "entrant", to=None),
    _set("curve", to=[{"spent": "much"}]),
    _set("curve", to=None),
    _set("costs", "train_s", to="long"),
    _set("costs", to=None),
    _set("kept", to=["grid.png"]),
    _set("sidecar", to=7),
    _set("artefacts", to={"a": 1}),
    _set("chance", to={"spearman": "low"}),
    _set("key", to=None),
    _set("commit", to=None),
]


@pytest.mark.parametrize("read", ["all", "stored"])
@pytest.mark.parametrize("change", WRONG_CONTENT, ids=map(str, range(len(WRONG_CONTENT))))
def test_a_record_with_the_right_digest_and_wrong_content_is_put_aside(store: Store, change: Any, read: str) -> None:
    other = replace(SPEC, seed=1)
    store.write(_record(other))
    _forged(store.write(_record()), change)
    assert [found.spec for found in getattr(store, read)()] == [other]
    (problem,) = store.problems
    assert problem.endswith(f"it is not used and was moved to quarantine/{NAME}")


@pytest.mark.parametrize("kind", ["case", "machine", "origin"])
def test_a_record_whose_shared_file_has_wrong_content_is_put_aside(store: Store, kind: str) -> None:
    def share_another(content: Any) -> None:
        content["shared"][kind] = digest

    digest = shared_digest(b"{}")
    path = store.write(_record())
    (store.records / "shared" / f"{digest}.json").write_bytes(b"{}")
    _forged(path, share_another)
    assert list(store.stored()) == []
    (problem,) = store.problems
    assert f"record {NAME} is with a shared file that is not in the form of version" in problem


def test_processes_that_write_at_the_same_time_lose_nothing(store: Store) -> None:
    """They share what their records have in common, and each finds it missing or half made."""
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_ten, args=[store.root, 10 * number]) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert sorted(record.spec.seed for record in store.all()) == list(range(40))
    assert store.problems == []
    assert len(_shared(store)) == 3, "nothing half written is left"


def _write_ten(root: Path, first: int) -> None:
    for seed in range(first, first + 10):
        Store(root).write(_record(replace(SPEC, seed=seed)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_in_a_folder_that_cannot_be_written_a_harmed_record_is_named_and_left(store: Store) -> None:
    path = store.write(_record())
    _edited(path)
    path.parent.chmod(0o555)
    try:
        assert list(store.all()) == []
    finally:
        path.parent.chmod(0o755)
    assert store.problems == [f"record {NAME} is edited: its digest does not match its content; it is not used"]


def test_where_nothing_can_be_put_aside_a_harmed_record_is_named_and_left(store: Store) -> None:
    _edited(store.write(_record()))
    (store.root / "quarantine").write_text("a file is in the way")
    assert list(store.all()) == []
    assert store.problems == [f"record {NAME} is edited: its digest does not match its content; it is not used"]


def test_items_come_back_beside_their_record(store: Store) -> None:
    store.write(_record(), ITEMS)
    (record,) = store.all()
    found = store.items(record)
    assert found.keys() == ITEMS.keys()
    np.testing.assert_array_equal(found["spearman"], ITEMS["spearman"].astype(np.float32))
    assert all(array.dtype == np.float32 for array in found.values())


def test_a_record_without_items_has_no_sidecar(store: Store) -> None:
    store.write(_record(), {})
    (record,) = store.all()
    assert record.sidecar == ""
    assert store.items(record) == {}
    assert _names(store.records) == [NAME]


def test_equal_items_have_equal_sidecars(store: Store) -> None:
    sidecars = []
    for _ in range(2):
        store.write(_record(), ITEMS)
        sidecars += [record.sidecar for record in store.all()]
    assert sidecars[0] == sidecars[1] != ""


@pytest.mark.parametrize("harm", [Path.unlink, _emptied], ids=["gone", "emptied"])
def test_a_record_without_its_items_is_put_aside(store: Store, harm: Any) -> None:
    (sidecar,) = store.write(_record(), ITEMS).parent.glob("*.npz")
    harm(sidecar)
    assert store.read(SPEC.place) is None
    assert store.problems[0].startswith(
        f"record {NAME} is without its sidecar of item scores, which is missing or edited"
    )


def test_an_old_sidecar_is_removed_and_those_of_other_cells_stay(store: Store) -> None:
    others = [replace(SPEC, seed=1), replace(SPEC, seed=10), replace(SPEC, chosen={"dim": 5})]
    for spec in (SPEC, *others):
        store.write(_record(spec), {"spearman": np.array([float(spec.seed)])})
    store.write(_record(), {"spearman": np.array([7.0])})
    store.write(_record(others[0]))
    assert store.items(next(record for record in store.all() if record.spec == SPEC))["spearman"] == [7.0]
    assert len([name for name in _names(store.records) if name.endswith(".npz")]) == 3
    assert len(list(store.all())) == 4
    assert store.problems == []


def test_a_record_that_is_replaced_while_it_is_read_is_not_put_aside(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(_record(), ITEMS)

    def read(raw: bytes, shared: Shared) -> Record:
        monkeypatch.setattr(module, "from_bytes", from_bytes)
        store.write(_record(finished="later"), {"spearman": np.zeros(3)})
        return from_bytes(raw, shared)

    monkeypatch.setattr(module, "from_bytes", read)
    (record,) = store.all()
    assert record.finished == "later"
    assert store.problems == []


def test_kept_files_lie_beside_their_record_and_go_with_it(store: Store) -> None:
    path = store.write(_record(), kept={"grid.png": b"png", "words.json": b"[1]"})
    assert (path.parent / "default-s0" / "grid.png").read_bytes() == b"png"
    assert len(list(store.all())) == 1, "a kept file is not taken for a record"
    assert store.problems == []
    store.write(_record(), kept={"film.png": b"film"})
    assert _names(path.parent / "default-s0") == ["film.png"]


def test_a_kept_file_is_read_only_as_it_was_kept(store: Store) -> None:
    path = store.write(_record(), kept={"grid.png": b"png"})
    (record,) = store.all()
    assert list(record.kept) == ["grid.png"]
    assert store.kept(NAME, "grid.png", record.kept["grid.png"]) == b"png"
    (path.parent / "default-s0" / "grid.png").write_bytes(b"pgn")
    with pytest.raises(UserError, match=r"the kept file .*grid.png is missing or edited; `harness run` repeats"):
        store.kept(NAME, "grid.png", record.kept["grid.png"])


@pytest.mark.parametrize("harm", [Path.unlink, _emptied], ids=["gone", "emptied"])
def test_a_record_without_a_file_that_it_kept_is_put_aside(store: Store, harm: Any) -> None:
    path = store.write(_record(), kept={"grid.png": b"png", "film.npz": b"npz"})
    harm(path.parent / "default-s0" / "film.npz")
    assert store.read(SPEC.place) is None
    assert store.problems[0].startswith(f"record {NAME} is without its kept file film.npz, which is missing or edited")


def test_a_record_that_is_restated_still_has_its_kept_files(store: Store) -> None:
    store.write(_record(), kept={"grid.png": b"png"})
    (record,) = store.all()
    store.restate(record.model_copy(update={"trials": 3}))
    (again,) = store.all()
    assert (again.trials, again.kept) == (3, record.kept)


def test_where_no_record_can_be_written_the_error_names_it(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file is in the way")
    store = Store(tmp_path / "results")
    with pytest.raises(UserError, match=rf"cannot write the record {tmp_path}/results/records/{NAME}: "):
        store.write(_record())
    with pytest.raises(UserError, match=rf"cannot write to the results folder {tmp_path}/results: "):
        store.lock(SPEC)
    assert store.read(SPEC.place) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(UserError, match=rf"{tmp_path}.*Permission denied"):
            Store(tmp_path / "results").write(_record())
    finally:
        tmp_path.chmod(0o755)


def test_one_process_at_a_time_holds_a_cell(store: Store) -> None:
    with store.lock(SPEC), pytest.raises(Timeout):
        Store(store.root).lock(SPEC).acquire(timeout=0)
    with store.lock(SPEC), Store(store.root).lock(replace(SPEC, seed=1)).acquire(timeout=0):
        pass
    with Store(store.root).lock(SPEC).acquire(timeout=0):
        pass


def test_a_lock_dies_with_its_process(store: Store) -> None:
    path = store.lock(SPEC).lock_file
    program = f"import os; from filelock import FileLock; FileLock({path!r}).acquire(); os._exit(0)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    with store.lock(SPEC).acquire(timeout=0):
        pass
