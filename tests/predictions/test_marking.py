"""Records of predictions are shown beside the entrants, say what they are, and decide nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.claims.claim import Claim
from harness.claims.verdict import judge
from harness.core.errors import UserError
from harness.core.predictions import MISSING
from harness.core.spec import Budget
from harness.predictions.scoring import file
from harness.records.record import Record
from harness.records.scored import scored
from harness.records.store import Store
from harness.registry.find import find
from harness.submissions.merge import from_folder
from harness.tables.comparable import rerun
from harness.tables.differences import paired_differences
from harness.tables.table import Table
from toys import CLAIM

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]


@pytest.fixture
def predicted(record: Make) -> Make:
    """Makes records of predictions: a seed, no budget."""

    def made(name: str = "mine", seed: int = 0, score: float = 0.9, **changes: object) -> Record:
        return record(name, seed, score, kind="predictions", budget=Budget("examples", 0), **changes)

    return made


@pytest.fixture
def trained(record: Make) -> list[Record]:
    """Two entrants on three seeds."""
    return [record(name, seed, value + seed / 100) for name, value in (("new", 0.6), ("old", 0.5)) for seed in range(3)]


def test_a_row_of_predictions_stands_in_the_table_unmarked_and_a_note_says_what_it_is(
    predicted: Make, trained: list[Record], tables: Tables
) -> None:
    (table,) = tables([*trained, predicted()])
    rows = {row.label: row for row in table.rows}
    assert rows["mine"].kind == "predictions"
    assert rows["mine"].cells[0].value == 0.9
    assert {label: row.cells[0].mark for label, row in rows.items()} == {"new": "best", "old": "", "mine": ""}
    assert any(note.startswith("predictions: mine: scored from files that were made elsewhere") for note in table.notes)
    assert table.provenance.budget == ("1,000 examples",)


@pytest.mark.parametrize(("missing", "flags"), [(20, ("partial 80/100",)), (0, ())])
def test_a_cell_says_how_many_items_were_scored_if_some_were_missing(
    missing: int, flags: tuple[str, ...], predicted: Make, trained: list[Record], tables: Tables
) -> None:
    parameters = {MISSING: missing} if missing else {}
    (table,) = tables([*trained, predicted(items=100 - missing).model_copy(update={"parameters": parameters})])
    assert {row.label: row.cells[0].flags for row in table.rows} == {"new": (), "old": (), "mine": flags}


def test_predictions_of_other_data_are_refused_with_the_command_that_scores_them(
    predicted: Make, trained: list[Record], tables: Tables
) -> None:
    with pytest.raises(
        UserError, match=r"produced data.*harness score --task toy --tier small --case plain --name mine"
    ):
        tables([*trained, predicted(produced="other")])


def test_no_contrast_has_predictions(predicted: Make, trained: list[Record], tables: Tables) -> None:
    (table,) = tables([*trained, predicted()])
    assert {name for pair in paired_differences(table, "new") for name in (pair.method, pair.opponent)} == {
        "new",
        "old",
    }
    with pytest.raises(UserError, match="unknown entrant"):
        paired_differences(table, "mine")


@pytest.mark.parametrize("side", ["of", "over"])
def test_a_claim_that_could_use_predictions_does_not(side: str, predicted: Make, trained: list[Record]) -> None:
    claim = Claim.model_validate({**CLAIM, side: "mine" if side == "of" else ["mine"]})
    records = [*trained, *(predicted(seed=seed) for seed in range(3))]
    (finding,) = judge(claim, scored(records), "small").findings
    assert (finding.outcome, finding.reason) == ("not assessable", "no record of mine at tier small")
    before, after = (judge(Claim.model_validate(CLAIM), scored(some), "small") for some in (trained, records))
    assert repr(before) == repr(after)


def test_nothing_is_filed_over_a_run_or_unasked_over_other_predictions(
    predicted: Make, record: Make, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    store.write(record("mine", 1))
    with pytest.raises(UserError, match=r"mine/default-s1.json is the record of a run"):
        file(store, [predicted(seed=0), predicted(seed=1)], is_replacing=True)
    assert list(store.places()) == ["toy/small/plain/mine/default-s1.json"]
    first, second = predicted("other", code="1" * 32), predicted("other", 0, 0.8, code="2" * 32)
    file(store, [first], is_replacing=False)
    file(store, [first], is_replacing=False)
    with pytest.raises(UserError, match="has other predictions; give another --name, or --replace them"):
        file(store, [second], is_replacing=False)
    file(store, [second], is_replacing=True)
    stored = store.read(second.spec.place)
    assert stored is not None
    assert stored.key == second.key


def test_predictions_are_merged_without_code(predicted: Make, tmp_path: Path) -> None:
    Store(tmp_path).write(predicted())
    source = from_folder(tmp_path, find(), is_own=False)
    assert [record.spec.entrant for record in source.records] == ["mine"]
    assert source.filing is not None


def test_a_command_for_several_kinds_of_rows_repeats_each_in_its_way() -> None:
    assert rerun("toy", "small", {"vit": "method", "mine": "predictions"}, cases=["plain"]) == (
        "harness run --task toy --tier small --case plain --entrant vit; "
        "harness score --task toy --tier small --case plain --name mine --replace FILE"
    )
