"""The key identifies a run, the cell says where its record lies, the label is what people read."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from harness.core.spec import LONGEST_LABEL, SCHEMA, Budget, Spec, label

PLAIN = Spec(
    task="word_similarity",
    version=1,
    tier="quick",
    case="atlas",
    entrant="ppmi",
    seed=0,
    budget=Budget("tokens", 1_000_000),
    code="0" * 32,
    data="generated:atlas",
)
SWEPT = Spec(
    task="long_range",
    version=3,
    tier="small",
    case="imdb",
    entrant="performer",
    seed=7,
    budget=Budget("examples", 64_000),
    code="f" * 32,
    data="imdb:" + "a" * 32,
    settings={"width": 64, "decay": "cosine", "lr": 1e-3, "classes": ["neg", "pos"]},
    parameters={"m": 16, "kernel": "relu", "causal": False, "epsilon": 1e-6, "cap": None},
    chosen={"m": 16, "kernel": "relu"},
)
UNTRAINED = replace(PLAIN, tier="smoke", entrant="random", budget=Budget("tokens", 0), chosen={"text": "with space"})
TRIAL = replace(SWEPT, seed=1000, budget=Budget("examples", 12_800), split="valid")

GOLDEN = [
    (PLAIN, "577cd9d5c8a68d6b85c8844a44ac9e2e", "word_similarity/quick/atlas/ppmi/default-s0.json"),
    (SWEPT, "fcff250f8d3a2138f13a2d7534ac59c5", "long_range/small/imdb/performer/kernel=relu,m=16-s7.json"),
    (UNTRAINED, "83fa5f0f37e8462ce787ec2f64ddf8df", "word_similarity/smoke/atlas/random/dcc71b0b3d6b21c0-s0.json"),
    (TRIAL, "e3569de8b58989bac037d85bd884990b", "tuning/long_range/small/imdb/performer/kernel=relu,m=16-s1000.json"),
]
"""Keys and places of stored records. Entries are added, never edited: an entry that fails means that every record ever
stored is stale; then raise `SCHEMA` and add the new keys."""


@pytest.mark.parametrize(("spec", "key", "place"), GOLDEN)
def test_keys_and_places_are_what_they_always_were(spec: Spec, key: str, place: str) -> None:
    assert SCHEMA == 1
    assert spec.key == key
    assert spec.place == place


INGREDIENTS = [
    ("task", "retrieval"),
    ("version", 2),
    ("tier", "small"),
    ("case", "text8"),
    ("entrant", "ppmi2"),
    ("seed", 1),
    ("budget", Budget("tokens", 999_999)),
    ("budget", Budget("examples", 1_000_000)),
    ("code", "1" * 32),
    ("data", "generated:other"),
    ("settings", {"window": 5}),
    ("parameters", {"dim": 50}),
    ("split", "valid"),
]


@pytest.mark.parametrize(("field", "value"), INGREDIENTS)
def test_whatever_can_change_the_outcome_changes_the_key(field: str, value: Any) -> None:
    assert replace(PLAIN, **{field: value}).key != PLAIN.key


def test_every_field_but_chosen_is_an_ingredient() -> None:
    assert {field.name for field in fields(Spec)} - {"chosen"} == {field for field, _ in INGREDIENTS}


def test_a_default_that_is_set_from_outside_keeps_the_key_and_has_a_place_of_its_own() -> None:
    chosen = replace(PLAIN, chosen={"dim": 100})
    assert chosen.key == PLAIN.key
    assert chosen.place != PLAIN.place


def test_the_order_of_names_is_irrelevant() -> None:
    turned = replace(
        SWEPT,
        settings=dict(reversed(SWEPT.settings.items())),
        parameters=dict(reversed(SWEPT.parameters.items())),
        chosen=dict(reversed(SWEPT.chosen.items())),
    )
    assert (turned.key, turned.place, turned.label) == (SWEPT.key, SWEPT.place, SWEPT.label)


@pytest.mark.parametrize("value", [1.0, "1", True])
def test_values_of_other_types_have_other_keys(value: Any) -> None:
    assert replace(PLAIN, parameters={"dim": value}).key != replace(PLAIN, parameters={"dim": 1}).key


def test_a_parameter_is_not_mistaken_for_a_setting() -> None:
    assert replace(PLAIN, parameters={"dim": 50}).key != replace(PLAIN, settings={"dim": 50}).key


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_has_no_key(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        _ = replace(PLAIN, parameters={"lr": value}).key


def test_a_place_does_not_depend_on_the_key() -> None:
    assert replace(PLAIN, version=9, code="2" * 32, settings={"window": 3}).place == PLAIN.place


@pytest.mark.parametrize("field", ["task", "tier", "case", "entrant", "seed"])
def test_runs_of_other_entrants_cases_or_seeds_have_other_places(field: str) -> None:
    other = {"task": "retrieval", "tier": "small", "case": "text8", "entrant": "sgns", "seed": 1}[field]
    assert replace(PLAIN, **{field: other}).place != PLAIN.place  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a b", "a/b", "../up", "ü", "x" * LONGEST_LABEL, "", 'a"b', "a\\b"])
def test_a_value_that_is_unsafe_in_a_file_name_is_digested(text: str) -> None:
    stem = Path(replace(PLAIN, chosen={"text": text}).place).name
    assert len(stem) == 16 + len("-s0.json")
    assert set(stem.removesuffix("-s0.json")) <= set("0123456789abcdef")


def test_a_comma_within_a_value_is_not_taken_for_another_parameter() -> None:
    two_parameters = replace(PLAIN, chosen={"a": "1", "b": "2"})
    with_a_comma = replace(PLAIN, chosen={"a": "1,b=2"})
    assert with_a_comma.place != two_parameters.place


def test_places_stay_below_their_entrant() -> None:
    parts = replace(PLAIN, chosen={"path": ".."}).place.split("/")
    assert len(parts) == 5
    assert ".." not in parts


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, "ppmi"),
        ({"dim": 50}, "ppmi[dim=50]"),
        ({"window": 5, "dim": 50}, "ppmi[dim=50,window=5]"),
        ({"cap": None, "sub": True, "lr": 0.5}, "ppmi[cap=none,lr=0.5,sub=true]"),
    ],
)
def test_label_names_what_was_set_from_outside(chosen: dict[str, Any], expected: str) -> None:
    assert label("ppmi", chosen) == expected
    assert replace(PLAIN, chosen=chosen).label == expected


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        PLAIN.seed = 1  # type: ignore[misc]
