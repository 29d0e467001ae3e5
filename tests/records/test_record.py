"""A record comes back as it was written, or says that it did not; its schema changes only on purpose."""

import hashlib
import json
import re
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from typing import Any, get_type_hints

import pytest

from harness.core.canonical import digest
from harness.core.card import Metric
from harness.core.spec import Budget, Spec
from harness.records.form import (
    CorruptRecord,
    Files,
    UnusableRecord,
    from_bytes,
    shared_digest,
    stored_from_bytes,
    to_files,
)
from harness.records.record import (
    MOST_CURVE_POINTS,
    REPEATED,
    SCORED,
    VERSION,
    Costs,
    Environment,
    Failure,
    Origin,
    Record,
    RecordedScore,
    Stored,
    stored,
    thinned,
)
from toys import make_spec

SPEC = make_spec(
    version=2,
    entrant="ppmi",
    seed=3,
    settings={"window": 4, "names": ["a", "b"], "rate": 1.0},
    parameters={"dim": 50, "lr": 0.1, "sub": True, "cap": None, "kernel": "relu"},
    chosen={"dim": 50},
)
PLAIN = Record(key=SPEC.key, spec=SPEC, status="ok", primary="spearman", origin=Origin(kind="baseline"))
FULL = PLAIN.model_copy(
    update={
        "status": "diverged",
        "failure": Failure(type="Diverged", message="loss is nan — after 3 “tokens”\n", traceback="line\nline"),
        "parameters": {"dim": 50, "window": 5},
        "settings": {"window": 4},
        "at": {"n": 100, "shift": 0.5, "name": "x"},
        "generated": True,
        "spent": 999,
        "produced": "1" * 32,
        "seed_varies": "the corpus",
        "metrics": {"spearman": Metric(better="higher", chance=0.0, ceiling=1.0)},
        "scores": (
            RecordedScore(
                metric="spearman", value=1 / 3, n_used=9, n_expected=10, at={"k": 8, "set": "ws"}, items="a|k=8"
            ),
            RecordedScore(metric="spearman", value=-0.0, n_used=0, n_expected=0),
        ),
        "curve": ({"spent": 10.0, "loss": 2.5}, {"spent": 20.0, "loss": 1.5}),
        "costs": Costs(setup_s=0.1, shared_s=0.2, train_s=0.3, eval_s=0.4, peak_mb=12.5, weights=5000, contended=True),
        "trials": 8,
        "artefacts": {"2" * 32: "3" * 32},
        "origin": Origin(
            kind="ablation",
            component="Binariser",
            deterministic=False,
            title="Ohne ü",
            code={"a.py": "4"},
            unlisted=("b",),
        ),
        "environment": Environment(commit="5" * 40, dirty=True, packages={"numpy": "2.0"}, threads=2),
        "sidecar": "6" * 64,
        "started": "2024-01-01T00:00:00+00:00",
        "finished": "2024-01-01T00:00:03+00:00",
    }
)


def _record(files: Files) -> Record:
    return from_bytes(files.own, lambda kind, digest: json.loads(files.shared[digest]))


def _stored(files: Files) -> Stored:
    return stored_from_bytes(files.own, lambda kind, digest: json.loads(files.shared[digest]))


@pytest.mark.parametrize("record", [PLAIN, FULL], ids=["plain", "full"])
def test_a_record_comes_back_as_it_was_written(record: Record) -> None:
    found = _record(to_files(record))
    assert found == record
    assert to_files(found) == to_files(record)
    assert found.spec.key == record.key
    assert found.spec.place == record.spec.place


def test_only_the_record_of_a_training_that_went_on_says_how_often() -> None:
    resumed = FULL.model_copy(update={"resumed": 2})
    assert _record(to_files(resumed)) == resumed
    assert b"resumed" not in to_files(FULL).own  # so records from before there were checkpoints stay as they are
    assert (_record(to_files(FULL)).resumed, _stored(to_files(FULL)).content["resumed"]) == (0, 0)


@pytest.mark.parametrize("record", [PLAIN, FULL], ids=["plain", "full"])
def test_what_is_read_without_its_types_is_the_same(record: Record) -> None:
    found = _stored(to_files(record))
    assert found == stored(record)
    assert found.failure == (record.failure.text if record.failure else "")
    assert found.spec.key == record.key
    assert found.spec.label == record.spec.label


def test_types_of_values_survive() -> None:
    found = _record(to_files(FULL))
    types = {name: type(value) for name, value in found.spec.parameters.items()}
    assert types == {"dim": int, "lr": float, "sub": bool, "cap": type(None), "kernel": str}
    assert type(found.spec.settings["rate"]) is float


def test_a_file_is_json_that_people_can_read() -> None:
    raw = to_files(FULL).own
    content = json.loads(raw)
    assert list(content) == ["digest", "record"]
    assert content["record"]["spec"]["entrant"] == "ppmi"
    assert "“tokens”" in raw.decode()


def test_every_score_and_every_point_of_a_curve_has_a_line() -> None:
    lines = [line.strip().rstrip(",") for line in to_files(FULL).own.decode().splitlines()]
    for entry in json.loads(to_files(FULL).own)["record"]["scores"] + list(FULL.curve):
        assert json.dumps(entry, sort_keys=True) in lines


def test_records_share_what_they_have_in_common() -> None:
    """What varies between runs of an entrant in a case, drawn chance and commit included, is in their own files."""
    other = FULL.model_copy(
        update={
            "spec": replace(SPEC, seed=4),
            "metrics": {"spearman": Metric(better="higher", chance=0.25, ceiling=1.0)},
            "environment": FULL.environment.model_copy(update={"commit": "7" * 40, "dirty": False}),
            "scores": FULL.scores[:1],
            "finished": "later",
        }
    )
    assert to_files(other).shared == to_files(FULL).shared
    assert _record(to_files(other)) == other
    assert all(shared_digest(data) == digest for digest, data in to_files(FULL).shared.items())
    assert len(to_files(FULL).shared) == 3


@pytest.mark.parametrize("read", [from_bytes, stored_from_bytes])
def test_a_change_of_any_one_byte_shows(read: Any) -> None:
    raw = to_files(PLAIN).own
    for place in range(len(raw)):
        with pytest.raises(CorruptRecord):
            read(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :], _none)


@pytest.mark.parametrize("read", [from_bytes, stored_from_bytes])
def test_a_truncated_record_shows(read: Any) -> None:
    raw = to_files(PLAIN).own
    for length in range(len(raw)):
        with pytest.raises(CorruptRecord, match="truncated or not a record"):
            read(raw[:length], _none)


@pytest.mark.parametrize("raw", [b"", b"{}\n", b"not a record", b"\0" * 200, b'{"digest": "' + b"0" * 300 + b"}\n"])
def test_what_is_no_record_shows(raw: bytes) -> None:
    with pytest.raises(CorruptRecord):
        from_bytes(raw, _none)


def _none(digest: str) -> Any:
    raise AssertionError("a record that is not sound is not completed")


def _signed(**changes: Any) -> Files:
    """A record's files, its own with other content and the digest of that content; `...` leaves a name out."""
    files = to_files(PLAIN)
    content = {**json.loads(files.own)["record"], **changes}
    body = json.dumps({name: value for name, value in content.items() if value is not ...})
    return files._replace(
        own=f'{{"digest": "{hashlib.sha256(body.encode()).hexdigest()}",\n"record": {body}}}\n'.encode()
    )


@pytest.mark.parametrize("read", [_record, _stored])
def test_the_helper_signs_as_records_are_signed(read: Any) -> None:
    assert read(_signed())


@pytest.mark.parametrize("read", [_record, _stored])
@pytest.mark.parametrize(
    ("version", "words"), [(1, "an earlier"), (VERSION - 1, "an earlier"), (VERSION + 1, "a later")]
)
def test_a_record_of_another_version_is_not_called_corrupt(read: Any, version: int, words: str) -> None:
    with pytest.raises(UnusableRecord, match=f"written by {words} version of the harness"):
        read(_signed(schema_version=version))


@pytest.mark.parametrize(
    "changes", [{"status": "fine"}, {"colour": "red"}, {"key": ...}, {"shared": ...}, {"curve": [{}] * 21}], ids=str
)
def test_content_that_the_types_do_not_allow_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CorruptRecord, match=f"not in the form of version {VERSION}"):
        _record(_signed(**changes))


@pytest.mark.parametrize("changes", [{"shared": ...}, {"spec": ...}, {"spec": {"seed": 0}}, {"scores": [1]}], ids=str)
def test_content_without_the_form_of_a_record_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CorruptRecord, match=f"not in the form of version {VERSION}"):
        _stored(_signed(**changes))


def test_a_score_that_is_not_finite_is_no_score() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite number"):
            RecordedScore(metric="spearman", value=value, n_used=1, n_expected=1)


def test_a_score_says_its_chance_only_where_it_has_one() -> None:
    told = [RecordedScore(metric="f1", value=1, n_used=1, n_expected=1, chance=chance) for chance in (None, 0.5)]
    assert ["chance" in score.model_dump() for score in told] == [False, True]


def test_nan_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_files(PLAIN.model_copy(update={"costs": Costs(train_s=float("nan"))}))


FIELDS = {
    "Record": "schema_version key spec status failure parameters settings at generated spent produced seed_varies "
    "primary metrics scores curve costs resumed trials artefacts origin environment sidecar kept started finished",
    "Spec": "task version tier case entrant seed budget code data settings parameters chosen split",
    "Budget": "unit total",
    "Failure": "type message traceback",
    "RecordedScore": "metric value n_used n_expected at items chance",
    "Metric": "better unit about chance ceiling margin exact timing needs",
    "Costs": "setup_s shared_s train_s eval_s peak_mb weights contended",
    "Environment": "commit dirty python packages platform processor device threads pinned_allocator",
    "Origin": "kind component deterministic title code unlisted",
}
"""The fields of a record. If they change, what is stored no longer reads: raise `VERSION`."""
FORMS = {2: ("f4e1ace72a9c9c2bb25ed2b4c2537835", "a8fa2eabcff69823106f398dcca7cbc1")}
"""By version, the digests of the fields' types and of the files of one record. Entries are added, never edited; but the
first digest changes with a field that is left out where it has its default, since older records stay as they are."""


def test_the_stored_form_changes_only_with_its_version() -> None:
    files = to_files(FULL)
    assert {name: " ".join(types) for name, types in _form().items()} == FIELDS
    assert (digest(_form()), digest([files.own.decode(), sorted(files.shared)])) == FORMS[VERSION]


def _form() -> dict[str, dict[str, str]]:
    parts = (Record, Spec, Budget, Failure, RecordedScore, Metric, Costs, Environment, Origin)
    return {
        part.__name__: {name: _written(kind) for name, kind in get_type_hints(part).items() if name in _fields(part)}
        for part in parts
    }


def _written(kind: Any) -> str:
    """A type as text, whatever modules its parts are defined in. The values of a literal are left out: one more of them
    leaves what is stored readable."""
    return re.sub(r"Literal\[[^\]]*\]", "Literal", re.sub(r"\w+\.", "", str(kind)))


def _fields(part: Any) -> set[str]:
    if is_dataclass(part):
        return {field.name for field in fields(part)}
    return {name for name, field in part.model_fields.items() if not field.exclude}


def test_statuses_are_scored_repeated_or_errors() -> None:
    statuses = set(Record.model_json_schema()["properties"]["status"]["enum"])
    assert statuses == SCORED | REPEATED | {"error"}
    assert not SCORED & REPEATED


@pytest.mark.parametrize("points", [0, 1, MOST_CURVE_POINTS])
def test_a_short_curve_is_kept_whole(points: int) -> None:
    curve = [{"spent": float(i)} for i in range(points)]
    assert thinned(curve) == tuple(curve)


@pytest.mark.parametrize("points", [MOST_CURVE_POINTS + 1, 37, 1000])
def test_a_long_curve_is_thinned_evenly(points: int) -> None:
    spent = [point["spent"] for point in thinned([{"spent": float(i)} for i in range(points)])]
    assert len(spent) == MOST_CURVE_POINTS
    assert (spent[0], spent[-1]) == (0, points - 1)
    gaps = [later - earlier for earlier, later in pairwise(spent)]
    assert min(gaps) > 0
    assert max(gaps) - min(gaps) <= 1
