"""What was held constant stands below a table: settings, and the artefacts that rows share or do not."""

from collections.abc import Callable

from harness.core.card import Card
from harness.records.record import Record
from harness.records.scored import scored
from harness.tables.build import build_tables
from harness.tables.options import TableOptions

Make = Callable[..., Record]


def notes(card: Card, records: list[Record], **declared: object) -> list[str]:
    (table,) = build_tables(scored(records), card, options=TableOptions.model_validate(declared))
    return [note for note in table.notes if note.startswith(("held", "shared", "not "))]


def given(record: Make, **artefacts: dict[str, str]) -> list[Record]:
    """A record an arm, with its artefacts: digests of contents by identity."""
    return [record(name, 0, component="Sampler", artefacts=own) for name, own in artefacts.items()]


def test_all_settings_are_named_unless_some_are_declared(record: Make, card: Callable[..., Card]) -> None:
    made = [record("vit", 0), record("bit", 0)]
    assert notes(card(), made) == ["held constant: depth 2, width 16"]
    assert notes(card(), made, held={"default": ["width"]}) == ["held constant: width 16"]
    assert notes(card(), made, held={"plain": []}) == []


def test_a_setting_that_differs_between_cases_is_named_by_case(record: Make, card: Callable[..., Card]) -> None:
    other = {"width": 32, "depth": 2}
    made = [record("vit", 0), record("vit", 0, case="hard").model_copy(update={"settings": other})]
    assert notes(card(), made) == ["held constant: depth 2, width 32 (hard) and 16 (plain)"]


def test_what_entrants_choose_themselves_was_not_held_constant(record: Make, card: Callable[..., Card]) -> None:
    own = {"vit": {"width": 32}, "bit": {"width": None}, "lambda": {"width": 16}}
    made = [record(name, 0).model_copy(update={"parameters": parameters}) for name, parameters in own.items()]
    assert notes(card(), made) == ["held constant: depth 2", "not held constant: width 16, but 32 by vit"]


def test_what_all_arms_share_is_named_with_its_digest(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01", "r2": "tokens02"}, b={"r1": "warmup01", "r2": "tokens02"})
    assert notes(card(), made, held={"default": []}) == [
        "shared, case plain: 2 artefacts by a, b (seed 0: tokens, warmup); the same content in every arm of a seed"
    ]


def test_the_same_content_of_another_recipe_is_shared(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01"}, b={"r9": "warmup01"})
    assert notes(card(), made, held={"default": []}) == [
        "shared, case plain: 1 artefact by a, b (seed 0: warmup); the same content in every arm of a seed"
    ]


def test_an_arm_with_another_artefact_is_named(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01"}, b={"r1": "warmup01"}, odd={"r3": "other003"})
    assert notes(card(), made, held={"default": []})[-1] == (
        "not shared, case plain: odd was given other artefacts than most of Sampler at seed 0"
    )


def test_an_arm_with_an_artefact_of_its_own_beside_the_shared_ones_is_no_outsider(
    record: Make, card: Callable[..., Card]
) -> None:
    made = given(record, a={"r1": "warmup01"}, b={"r1": "warmup01"}, more={"r1": "warmup01", "r3": "other003"})
    assert not any("not shared" in note for note in notes(card(), made, held={"default": []}))


def test_one_recipe_with_several_contents_is_named(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01"}, b={"r1": "cooled02"})
    assert notes(card(), made, held={"default": []})[0] == (
        "not the same, case plain: recipe r1 gave cooled (b seed 0) and warmup (a seed 0)"
    )


def test_what_is_shared_at_some_seeds_only_is_said(record: Make, card: Callable[..., Card]) -> None:
    made = [record(name, seed, artefacts={f"r{name}": "c" if seed else name}) for name in "ab" for seed in (0, 1)]
    lines = notes(card(), made, held={"default": []})
    assert "shared, case plain: 1 artefact by a, b at seed 1 only; not at the others" in lines
