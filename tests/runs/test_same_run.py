"""A parameter that is set to the value which it has anyway makes no other run."""

from collections.abc import Sequence
from pathlib import Path

from harness.records.record import Record
from harness.records.store import Store
from harness.registry.find import find
from harness.runs.executors.local import LocalExecutor
from harness.runs.plan import Planner
from harness.runs.selection import Selection

PLUGIN = '''
import numpy as np
from harness.tasks.word_similarity import WordEmbedder

class Counted(WordEmbedder):
    """Notes each training in a file."""

    name = "counted"
    dim: int = 4

    def fit(self, corpus, run):
        with open("NOTES", "a") as file:
            file.write("trained\\n")
        self.table = run.rng("init").standard_normal((len(corpus.vocabulary), self.dim)).astype(np.float32)
        run.keep("notes.txt", b"kept")

    def vectors(self):
        return self.table
'''


def run(folder: Path, entrants: Sequence[str]) -> dict[str, Record]:
    """Do the runs of some entrants; the records by label."""
    plugin = folder / "counted.py"
    plugin.write_text(PLUGIN.replace("NOTES", str(folder / "notes")))
    selection = Selection(
        tier="smoke", tasks=["word_similarity"], cases=["atlas"], entrants=entrants, seeds=1, plugins=[plugin]
    )
    store = Store(folder / "results")
    LocalExecutor().run(Planner(find([plugin]), store).plan(selection).due())
    assert store.problems == []
    return {record.spec.label: record for record in store.all()}


def test_a_run_whose_key_a_record_has_is_not_done_again(tmp_path: Path) -> None:
    found = run(tmp_path, ["counted", "counted[dim=4,5]"])
    assert found.keys() == {"counted", "counted[dim=4]", "counted[dim=5]"}
    assert (tmp_path / "notes").read_text() == "trained\ntrained\n"
    default, same, other = (found[label] for label in ("counted", "counted[dim=4]", "counted[dim=5]"))
    assert same.key == default.key != other.key
    assert (same.scores, same.kept, same.costs) == (default.scores, default.kept, default.costs)
    assert same.spec.chosen == {"dim": 4}
    assert all(record.status == "ok" for record in found.values())
    assert Store(tmp_path / "results").read(same.spec.place) is not None


def test_the_copy_is_what_counts_from_then_on(tmp_path: Path) -> None:
    run(tmp_path, ["counted"])
    run(tmp_path, ["counted[dim=4]"])
    run(tmp_path, ["counted[dim=4]"])
    assert (tmp_path / "notes").read_text() == "trained\n"
