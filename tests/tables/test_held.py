"""What was held constant stands below a table: settings, and the artefacts that rows share or do not."""

from collections.abc import Callable

from harness.core.card import Card
from harness.records.record import Record
from harness.records.scored import scored
from harness.tables.build import TableOptions, View, build_tables

Make = Callable[..., Record]


def notes(card: Card, records: list[Record], **declared: object) -> list[str]:
    options = TableOptions.model_validate(declared)
    (table,) = build_tables(scored(records), card, View(tier="small"), options=options)
    return [note for note in table.notes if note.startswith(("held", "shared", "not "))]


def given(record: Make, **artefacts: dict[str, str]) -> list[Record]:
    """A record for each entrant, with its artefacts: digests of contents by recipe."""
    return [record(name, 0, component="Sampler", artefacts=contents) for name, contents in artefacts.items()]


def test_all_settings_are_named_unless_some_are_declared(record: Make, card: Callable[..., Card]) -> None:
    made = [record("vit", 0), record("bit", 0)]
    assert notes(card(), made) == ["held constant: depth 2, width 16"]
    assert notes(card(), made, held={"default": ["width"]}) == ["held constant: width 16"]
    assert notes(card(), made, held={"plain": []}) == []


def test_a_setting_that_differs_between_cases_is_named_by_case(record: Make, card: Callable[..., Card]) -> None:
    other = {"width": 32, "depth": 2}
    made = [record("vit", 0), record("vit", 0, case="hard").model_copy(update={"settings": other})]
    assert notes(card(), made) == ["held constant: depth 2, width 32 (hard) and 16 (plain)"]


def test_a_setting_that_an_entrant_replaces_was_not_held_constant(record: Make, card: Callable[..., Card]) -> None:
    chosen = {"vit": {"width": 32}, "bit": {"width": None}, "lambda": {"width": 16}}
    made = [record(name, 0).model_copy(update={"parameters": parameters}) for name, parameters in chosen.items()]
    assert notes(card(), made) == ["held constant: depth 2", "not held constant: width is 16, but 32 in vit"]


def test_artefacts_that_all_rows_share_are_named_with_their_digests(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01", "r2": "tokens02"}, b={"r1": "warmup01", "r2": "tokens02"})
    assert notes(card(), made, held={"default": []}) == [
        "shared, case plain: a, b were given 2 artefacts of the same content at each seed (seed 0: tokens, warmup)"
    ]


def test_the_same_content_of_another_recipe_is_shared(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01"}, b={"r9": "warmup01"})
    assert notes(card(), made, held={"default": []}) == [
        "shared, case plain: a, b were given 1 artefact of the same content at each seed (seed 0: warmup)"
    ]


def test_a_row_that_was_given_another_artefact_is_named(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01"}, b={"r1": "warmup01"}, odd={"r3": "other003"})
    assert notes(card(), made, held={"default": []})[-1] == (
        "not shared, case plain: odd was given other artefacts than most of Sampler at seed 0"
    )


def test_a_row_may_have_further_artefacts_beside_the_shared_ones(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01"}, b={"r1": "warmup01"}, more={"r1": "warmup01", "r3": "other003"})
    assert not any("not shared" in note for note in notes(card(), made, held={"default": []}))


def test_one_recipe_with_several_contents_is_named(record: Make, card: Callable[..., Card]) -> None:
    made = given(record, a={"r1": "warmup01"}, b={"r1": "cooled02"})
    assert notes(card(), made, held={"default": []})[0] == (
        "not shared, case plain: recipe r1 gave different contents, cooled (b seed 0) and warmup (a seed 0)"
    )


def test_artefacts_that_are_shared_at_some_seeds_only_are_named_so(record: Make, card: Callable[..., Card]) -> None:
    made = [record(name, seed, artefacts={f"r{name}": "c" if seed else name}) for name in "ab" for seed in (0, 1)]
    lines = notes(card(), made, held={"default": []})
    assert "shared, case plain: a, b were given 1 artefact of the same content at seed 1 only" in lines
