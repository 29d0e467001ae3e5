"""A card that is wrong is refused with its file, its place and what is wrong; a right one resolves in order."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.card import Card, read_card
from harness.core.errors import UserError
from harness.core.spec import Budget

TOML = """
version = 2
title = "Words"
question = "Do words that occur together mean the same?"
unit = "tokens"
primary = "spearman"
points = ["k"]
column = "n"
seed_varies = "the corpus"

[settings]
window = 5
lowercase = true
size = 10

[metrics.spearman]
better = "higher"
chance = 0.0
ceiling = 1.0

[metrics.seconds]
better = "lower"
unit = "s"
timing = true

[[cases]]
id = "n100"
at = { n = 100 }
generated = "atlas"
stand_in = true

[[cases]]
id = "cost"
data = ["text8"]
exclusive = true
primary = "seconds"

[tiers.smoke]
cases = ["n100"]
seeds = 1
budget = { tokens = 1000 }
expect_s = 1
limit_s = 10

[tiers.quick]
cases = ["n100", "cost"]
seeds = 3
budget = { tokens = 50000 }
expect_s = 3
limit_s = 60
ticks = 4
settings = { window = 4, size = 20 }

[tiers.quick.case.cost]
seeds = 12
trial_divisor = 2
budget = { tokens = 0 }
settings = { size = 30, lowercase = true }
expect_s = 7
limit_s = 90
memory_mb = 100
ticks = 0
"""

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def content() -> dict[str, Any]:
    return tomllib.loads(TOML)


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return read_card(_written(tmp_path, TOML))


def _written(folder: Path, text: str) -> Path:
    path = folder / "words" / "task.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def test_a_task_is_called_like_its_folder(card: Card) -> None:
    assert card.task == "words"


def test_the_folder_names_the_task_whatever_the_card_says(tmp_path: Path) -> None:
    assert read_card(_written(tmp_path, 'task = "other"\n' + TOML)).task == "words"


def test_a_tier_is_resolved_over_the_card(card: Card) -> None:
    resolved = card.resolve("quick", "n100")
    assert resolved.settings == {"window": 4, "lowercase": True, "size": 20}
    assert resolved.budget == Budget("tokens", 50_000)
    assert (resolved.expect_s, resolved.limit_s, resolved.memory_mb, resolved.ticks) == (3, 60, 4096, 4)
    assert resolved.primary == "spearman"
    assert (resolved.seeds, resolved.trial_divisor) == (3, 5)


def test_a_case_is_resolved_over_its_tier(card: Card) -> None:
    resolved = card.resolve("quick", "cost")
    assert resolved.settings == {"window": 4, "lowercase": True, "size": 30}
    assert resolved.budget == Budget("tokens", 0)
    assert (resolved.expect_s, resolved.limit_s, resolved.memory_mb, resolved.ticks) == (7, 90, 100, 0)
    assert resolved.primary == "seconds"
    assert (resolved.seeds, resolved.trial_divisor) == (12, 2)


def test_only_settings_that_differ_from_the_cards_are_deviating(card: Card) -> None:
    assert card.resolve("quick", "cost").deviating == {"window": 4, "size": 30}
    assert card.resolve("smoke", "n100").deviating == {}


def test_another_tiers_settings_do_not_leak(card: Card) -> None:
    assert card.resolve("smoke", "n100").settings == {"window": 5, "lowercase": True, "size": 10}


def test_axes_are_those_of_cases_and_points(card: Card) -> None:
    assert card.axes() == {"n", "k"}


def test_a_case_is_found_by_its_name(card: Card) -> None:
    assert card.find_case("cost").exclusive
    with pytest.raises(KeyError):
        card.find_case("absent")


def test_a_card_cannot_be_changed(card: Card) -> None:
    with pytest.raises(ValueError, match="frozen"):
        card.version = 3  # type: ignore[misc]


def _set(*path: str | int, value: Any) -> Change:
    def change(content: Any) -> None:
        for name in path[:-1]:
            content = content[name]
        content[path[-1]] = value

    return change


def _drop(*path: str | int) -> Change:
    def change(content: Any) -> None:
        for name in path[:-1]:
            content = content[name]
        del content[path[-1]]

    return change


FAULTS: list[tuple[str, Change, str]] = [
    ("no version", _drop("version"), "version: Field required"),
    ("version 0", _set("version", value=0), "version: Input should be greater than or equal to 1"),
    ("misspelt field", _set("tittle", value="x"), "tittle: Extra inputs are not permitted"),
    ("misspelt tier", _set("tiers", "quik", value={}), "tiers.quik.[key]: Input should be 'smoke', 'quick'"),
    (
        "direction",
        _set("metrics", "seconds", "better", value="less"),
        "metrics.seconds.better: Input should be 'higher'",
    ),
    ("metric field", _set("metrics", "seconds", "units", value="s"), "metrics.seconds.units: Extra inputs"),
    ("primary", _set("primary", value="acc"), "card: primary metric 'acc' is not among the metrics"),
    (
        "change",
        _set("metrics", "seconds", "change_of", value="acc"),
        "metric 'seconds' is a change of 'acc', which is not among the metrics",
    ),
    ("case's primary", _set("cases", 1, "primary", value="acc"), "primary metric 'acc' is not among the metrics"),
    ("case id", _set("cases", 0, "id", value="N 100"), "cases.0.id: String should match pattern"),
    ("case id with newline", _set("cases", 0, "id", value="n100\n"), "cases.0.id: String should match pattern"),
    ("case twice", _set("cases", 1, "id", value="n100"), "card: case 'n100' is defined twice"),
    ("no source", _drop("cases", 0, "generated"), "cases.0: case 'n100' must name its data sets (data), its files"),
    ("files and a generator", _set("cases", 0, "bundled", value=["a.csv"]), "cases.0: case 'n100' must name its data"),
    ("two sources", _set("cases", 0, "data", value=["text8"]), "cases.0: case 'n100' must name its data sets"),
    ("column", _set("column", value="shift"), "column 'shift' is neither 'case' nor an axis; name it in points"),
    (
        "unknown case",
        _set("tiers", "smoke", "cases", value=["n5"]),
        "tier 'smoke' names case 'n5', which the card does",
    ),
    ("unknown override", _set("tiers", "smoke", "case", value={"n5": {}}), "tier 'smoke' names case 'n5', which"),
    ("tier's case twice", _set("tiers", "quick", "cases", value=["n100"] * 2), "tier 'quick' names case 'n100' twice"),
    ("no cases", _set("tiers", "smoke", "cases", value=[]), "tiers.smoke.cases: Tuple should have at least 1 item"),
    ("unit", _set("tiers", "smoke", "budget", value={"words": 5}), "a budget is counted in tokens, not ['words']"),
    ("no budget", _set("tiers", "smoke", "budget", value={}), "a budget is counted in tokens, not []"),
    ("case's unit", _set("tiers", "quick", "case", "cost", "budget", value={}), "tier 'quick': a budget is counted in"),
    ("overdrawn", _set("tiers", "smoke", "budget", value={"tokens": -1}), "tiers.smoke.budget.tokens: Input should be"),
    (
        "half a token",
        _set("tiers", "smoke", "budget", value={"tokens": 0.5}),
        "tiers.smoke.budget.tokens: Input should",
    ),
    ("setting", _set("tiers", "quick", "settings", "widow", value=3), "tier 'quick' sets ['widow'], which [settings]"),
    ("case's setting", _set("tiers", "quick", "case", "cost", "settings", "widow", value=3), "sets ['widow'], which"),
    (
        "no seeds",
        _set("tiers", "smoke", "seeds", value=0),
        "tiers.smoke.seeds: Input should be greater than or equal to 1",
    ),
    ("no time", _set("tiers", "smoke", "limit_s", value=0), "tiers.smoke.limit_s: Input should be greater than 0"),
    (
        "no memory",
        _set("tiers", "smoke", "memory_mb", value=0),
        "tiers.smoke.memory_mb: Input should be greater than 0",
    ),
    ("ticks", _set("tiers", "smoke", "ticks", value=21), "tiers.smoke.ticks: Input should be less than or equal to 20"),
    ("case's ticks", _set("tiers", "quick", "case", "cost", "ticks", value=21), "tiers.quick.case.cost.ticks: Input"),
    (
        "case's time",
        _set("tiers", "quick", "case", "cost", "expect_s", value=0),
        "tiers.quick.case.cost.expect_s: Input",
    ),
]


@pytest.mark.parametrize(("change", "message"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_named_with_file_and_place(
    tmp_path: Path, content: dict[str, Any], change: Change, message: str
) -> None:
    change(content)
    path = _written(tmp_path, _toml(content))
    with pytest.raises(UserError) as raised:
        read_card(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    path = _written(tmp_path, "version = 1\ntitle = \n")
    with pytest.raises(UserError, match=r"task\.toml: Invalid value \(at line 2"):
        read_card(path)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = _written(tmp_path, "")
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(UserError, match=r"task\.toml: 'utf-8' codec can't decode byte"):
        read_card(path)


def test_letters_of_all_languages_are_read_as_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert read_card(_written(tmp_path, TOML.replace('"Words"', '"Wörter"'))).title == "Wörter"


def _toml(value: Any) -> str:
    """A dictionary as TOML: every table inline below the top level."""
    return "".join(f"{_inline(name)} = {_inline(entry)}\n" for name, entry in value.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_inline(name)} = {_inline(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return '"' + value.replace("\n", "\\n") + '"' if isinstance(value, str) else str(value)
