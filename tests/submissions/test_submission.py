"""An honest bundle is verified, merged and shown; each dishonest one fails, and the report says why."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bundles import ENTRANT, OpenBundle
from harness.records.beside import sidecar_path
from harness.records.record import Record
from harness.records.store import Store
from harness.submissions.manifest import sha256
from harness.submissions.rerun import compare, draw

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def test_an_honest_bundle_is_verified_merged_and_shown_with_its_mark(
    sea_of_verifier: Command, tell: Command, bundle: Path, tmp_path: Path
) -> None:
    verified = sea_of_verifier("verify", bundle.name, "--sample", "2", "--nonce", "mine")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.startswith(f"# {ENTRANT} on tides: verified 2 of 7\n")
    assert verified.stdout.count("the same bit for bit") == 2
    assert "the submitter says: nothing" in verified.stdout

    merged = tell("merge", bundle.name, "--report", "waves.report.json")
    assert (merged.returncode, merged.stderr) == (0, "")
    assert "7 records, 7 of them new, verified 2 of 7" in merged.stdout
    table = tell("table", "--tier", "smoke", "--task", "tides").stdout
    assert f"| {ENTRANT} " in table
    assert "plugin, verified 2 of 7" in table
    row = next(
        row for row in json.loads(tell("table", "--tier", "smoke", "--json").stdout)[0]["rows"] if row["submitted"]
    )
    assert (row["label"], row["submitted"]) == (ENTRANT, "verified 2 of 7")
    (kept,) = (tmp_path / "results" / "submissions").glob("*.zip")
    assert kept.read_bytes() == bundle.read_bytes()


def test_who_knows_bundle_and_nonce_draws_the_same_sample() -> None:
    places = [f"a/{n}" for n in range(50)]
    sample = draw(places, "digest", "nonce", 5)
    assert sample == draw(list(reversed(places)), "digest", "nonce", 5)
    assert len(sample) == 5
    assert sample != draw(places, "digest", "another", 5)
    assert sample != draw(places, "another", "nonce", 5)
    assert draw(places, "digest", "nonce", 99) == sorted(places)


def _edit(opened: OpenBundle) -> None:
    """A score, as somebody edits it who does not know of digests."""
    path = opened.store.path(opened.place(0))
    path.write_text(path.read_text().replace('"metric": "error", ', '"metric": "error", "chance": 9.0, ', 1))


def _swap_sidecars(opened: OpenBundle) -> None:
    first, second = (_sidecar(opened, seed) for seed in (0, 1))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def _sidecar(opened: OpenBundle, seed: int) -> Path:
    record = opened.store.read(opened.place(seed))
    assert record is not None
    assert record.sidecar
    return sidecar_path(opened.store.path(record.spec.place), record.sidecar)


def _change_source(opened: OpenBundle) -> None:
    path = opened.folder / "source" / f"{ENTRANT}.py"
    path.write_text(path.read_text().replace("np.sin(phase)", "np.sin(2 * phase)"))


def _remove_a_seed(opened: OpenBundle) -> None:
    opened.remove(2)


def _add_a_trial(opened: OpenBundle) -> None:
    folder = opened.store.path(f"tuning/tides/smoke/harbour/{ENTRANT}")
    (trial, *_) = sorted(folder.glob("*.json"))
    shutil.copy(trial, folder / "period=11.0-s1000.json")


def _count_more_trials(opened: OpenBundle) -> None:
    path = opened.folder / "source" / "tuned.toml"
    path.write_text(path.read_text().replace("asked = 3", "asked = 8"))


def _take_a_foreign_key(opened: OpenBundle) -> None:
    opened.restate(1, lambda record: {"key": "f" * 32})


def _report_on_another_seed(opened: OpenBundle) -> None:
    other = opened.store.read(opened.place(3))
    assert other is not None
    opened.restate(1, lambda record: {"key": other.key})


def _turn_a_metric_around(opened: OpenBundle) -> None:
    def turned(record: Record) -> dict[str, object]:
        error = record.metrics["error"].model_copy(update={"better": "higher"})
        return {"metrics": {**record.metrics, "error": error}}

    opened.restate(0, turned)


def _claim_to_be_a_method(opened: OpenBundle) -> None:
    opened.restate(0, lambda record: {"origin": record.origin.model_copy(update={"kind": "method"})})


def _hide_data(opened: OpenBundle) -> None:
    opened.manifest["trained_on"]["data"] = []


def _name_another_machine(opened: OpenBundle) -> None:
    opened.manifest["environments"][0]["processor"] = "a faster one"


def _add_source(opened: OpenBundle) -> None:
    (opened.folder / "source" / "weights.bin").write_bytes(b"learned elsewhere")


def _pickle_items(opened: OpenBundle) -> None:
    record = opened.store.read(opened.place(0))
    assert record is not None
    path = opened.store.path(record.spec.place)
    np.savez(path.with_suffix(".tmp.npz"), error=np.array([{}], dtype=object))
    data = path.with_suffix(".tmp.npz").read_bytes()
    path.with_suffix(".tmp.npz").unlink()
    _sidecar(opened, 0).unlink()
    sidecar_path(path, sha256(data)).write_bytes(data)
    opened.store.restate(record.model_copy(update={"sidecar": sha256(data)}))


DISHONEST: dict[str, tuple[Callable[[OpenBundle], None], str]] = {
    "an edited score": (_edit, "default-s0.json is edited: its digest does not match its content"),
    "a swapped sidecar": (_swap_sidecars, "without its sidecar of item scores, which is missing or edited"),
    "changed source": (_change_source, "is not of the source in the bundle: waves.py changed"),
    "a missing seed": (_remove_a_seed, "missing: waves on harbour at smoke lacks seed 2"),
    "an extra trial": (_add_a_trial, "extra trials: records/tuning/tides/smoke/harbour/waves/period=11.0-s1000.json"),
    "more trials than others": (_count_more_trials, "chosen with 8 trials with seed 1000 and 9 hours each; the other"),
    "a foreign key": (_take_a_foreign_key, "foreign key: tides/smoke/harbour/waves/default-s1.json"),
    "the key of another seed": (_report_on_another_seed, "foreign key: tides/smoke/harbour/waves/default-s1.json"),
    "a metric turned around": (_turn_a_metric_around, "its metrics are not those of the card"),
    "a plug-in as a method": (_claim_to_be_a_method, "its entrant's kind is 'method', but it is 'plugin'"),
    "a statement without data": (_hide_data, "statement: it says it was trained on"),
    "another machine": (_name_another_machine, "statement: it names other environments than its records"),
    "a file that no key covers": (_add_source, "foreign: source/weights.bin is not part of its entrant's code"),
    "items that are pickled": (_pickle_items, "the item scores of tides/smoke/harbour/waves/default-s0.json cannot"),
}


@pytest.mark.parametrize("kind", DISHONEST)
def test_a_dishonest_bundle_fails_with_its_own_message(
    tell: Command, opened: OpenBundle, tmp_path: Path, kind: str
) -> None:
    tamper, message = DISHONEST[kind]
    tamper(opened)
    forged = opened.close(tmp_path / "forged.zip")
    done = tell("verify", forged.name, "--sample", "0")
    assert done.returncode == 1, done.stdout + done.stderr
    assert message in done.stdout
    assert json.loads((tmp_path / "forged.report.json").read_text())["faults"]
    refused = tell("merge", forged.name)
    assert refused.returncode == 2
    assert "forged.zip is not merged: " in refused.stderr
    assert not (tmp_path / "results").exists()


def _better(record: Record) -> dict[str, object]:
    scores = [score.model_copy(update={"value": score.value / 2}) for score in record.scores]
    return {"scores": tuple(scores)}


def test_scores_that_were_edited_with_all_digests_right_are_found_by_repetition(
    sea_of_verifier: Command, opened: OpenBundle, tmp_path: Path
) -> None:
    opened.restate(0, _better)
    opened.close(tmp_path / "forged.zip")
    done = sea_of_verifier("verify", "forged.zip", "--sample", "7", "--nonce", "n")
    assert done.returncode == 1, done.stdout
    assert done.stdout.count(": differs\n") == 1
    assert f"{opened.place(0)}: differs\n    - error was " in done.stdout
    assert done.stdout.count("the same bit for bit") == 6


def test_items_of_another_run_with_all_digests_right_are_found_by_repetition(
    opened: OpenBundle, tmp_path: Path
) -> None:
    honest = Store(shutil.copytree(opened.folder, tmp_path / "again"))
    first, second = (opened.store.read(opened.place(seed)) for seed in (0, 1))
    assert first is not None
    assert second is not None
    opened.store.write(first, opened.store.items(second))
    forged = opened.store.read(opened.place(0))
    assert forged is not None
    comparison = compare(forged, opened.store, honest)
    assert comparison.outcome == "differs"
    assert "of 'error' have other scores" in comparison.differences[0]
    assert compare(first, honest, honest).outcome == "same"
