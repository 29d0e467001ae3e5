"""What tuning chose stands between the class defaults and what is set from outside, by case or for all of a tier."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.errors import UserError
from harness.core.spec import TierName
from harness.records.store import Store
from harness.registry.find import find
from harness.registry.tuned import TUNED, EntryName, TunedEntry, read_tuned, write_tuned
from harness.runs.plan import Plan, Planner
from harness.runs.selection import Selection

PLUGIN = '''
"""An entrant with two parameters."""

from typing import Annotated

from annotated_types import Gt

from harness.tasks.word_similarity import WordEmbedder


class Mine(WordEmbedder):
    """Whatever."""

    name = "mine"
    search_space = {"lr": (1e-4, 1e-2), "dim": [10, 20]}
    lr: Annotated[float, Gt(0)] = 0.001
    dim: int = 10
    cap: int | None = 5
'''
TWIN = '''

class Twin(Mine):
    """The same weights, of which the answers are read off in another way."""

    name = "twin"
    tuned_as = "mine"
    dim: int = 20
'''
ENTRY = TunedEntry(
    budget={"tokens": 20000},
    asked=8,
    trials=7,
    seeds=(1000,),
    metric="mean_spearman",
    score=0.5,
    parameters={"lr": 0.0004},
    digest="0" * 32,
)
QUICK = EntryName("word_similarity", "mine", "quick", "atlas")
SMALL = EntryName("word_similarity", "mine", "small", "wikipedia")


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "plugin" / "mine_entrant.py"
    path.parent.mkdir()
    path.write_text(PLUGIN)
    return path


def plan(plugin: Path, *entrants: str, tier: TierName = "quick", store: Store | None = None) -> Plan:
    selection = Selection(
        tier=tier, tasks=["word_similarity"], entrants=entrants or ["mine"], seeds=1, plugins=[plugin]
    )
    return Planner(find([plugin]), store or Store(plugin.parent / "results")).plan(selection)


def parameters(plugin: Path, *entrants: str, tier: TierName = "quick") -> dict[str, dict[str, object]]:
    return {run.spec.case: dict(run.spec.parameters) for run in plan(plugin, *entrants, tier=tier).runs}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    other = ENTRY.model_copy(update={"parameters": {"cap": None, "kernel": 'a"b', "stem": True, "n": 3, "x": 1e-5}})
    write_tuned(tmp_path, {QUICK: ENTRY})
    write_tuned(tmp_path, {QUICK._replace(entrant="also"): other})
    entries = read_tuned(tmp_path)
    assert entries[QUICK] == ENTRY
    assert entries[QUICK._replace(entrant="also")].parameters == {**other.parameters, "cap": "none"}
    assert [path.name for path in tmp_path.iterdir()] == [TUNED]


def test_the_file_is_sorted_and_says_which_command_wrote_each_entry(tmp_path: Path) -> None:
    for entrant in ("sgns", "mine", "ppmi"):
        write_tuned(tmp_path, {SMALL._replace(entrant=entrant): ENTRY})
    text = (tmp_path / TUNED).read_text()
    assert list(tomllib.loads(text)["word_similarity"]) == ["mine", "ppmi", "sgns"]
    assert text.count("# harness tune --task word_similarity --tier small --case wikipedia --trials 8 --seeds 1") == 3


def test_an_entry_is_replaced_and_the_others_stay_byte_for_byte(tmp_path: Path) -> None:
    write_tuned(tmp_path, {QUICK: ENTRY, QUICK._replace(entrant="zoe"): ENTRY})
    before = (tmp_path / TUNED).read_text().splitlines()
    write_tuned(tmp_path, {QUICK: ENTRY.model_copy(update={"score": 0.6})})
    after = (tmp_path / TUNED).read_text().splitlines()
    assert [(a, b) for a, b in zip(before, after, strict=True) if a != b] == [("score = 0.5", "score = 0.6")]


def test_one_entry_holds_for_every_case_of_its_tier_and_no_other_tier(plugin: Path) -> None:
    write_tuned(plugin.parent, {QUICK: ENTRY})
    assert parameters(plugin) == {"atlas": {"lr": 0.0004}, "cost": {"lr": 0.0004}}
    assert parameters(plugin, tier="smoke") == {"atlas": {}, "cost": {}}


def test_an_entry_of_any_case_holds_for_all_if_it_is_the_only_one(plugin: Path) -> None:
    write_tuned(plugin.parent, {QUICK._replace(case="cost"): ENTRY})
    assert parameters(plugin) == {"atlas": {"lr": 0.0004}, "cost": {"lr": 0.0004}}


def test_a_case_that_was_tuned_on_has_its_own_entry_and_the_others_that_of_the_cards_first(plugin: Path) -> None:
    on_mix = ENTRY.model_copy(update={"parameters": {"dim": 20}, "trials": 3})
    write_tuned(plugin.parent, {SMALL._replace(case="mix"): on_mix})
    assert parameters(plugin, tier="small") == dict.fromkeys(("wikipedia", "mix", "cost_wikipedia"), on_mix.parameters)
    write_tuned(plugin.parent, {SMALL: ENTRY})
    expected = {"wikipedia": {"lr": 0.0004}, "mix": {"dim": 20}, "cost_wikipedia": {"lr": 0.0004}}
    assert parameters(plugin, tier="small") == expected, "in the file, mix stands first"
    runs = {run.spec.case: run.trials for run in plan(plugin, tier="small").runs}
    assert runs == {"wikipedia": 7, "mix": 3, "cost_wikipedia": 7}


def test_a_case_on_which_the_class_defaults_won_inherits_nothing(plugin: Path) -> None:
    write_tuned(plugin.parent, {SMALL: ENTRY, SMALL._replace(case="mix"): ENTRY.model_copy(update={"parameters": {}})})
    assert parameters(plugin, tier="small")["mix"] == {}


def test_an_entrant_that_is_tuned_as_another_has_its_choice_and_its_number_of_trials(plugin: Path) -> None:
    plugin.write_text(PLUGIN + TWIN)
    write_tuned(plugin.parent, {QUICK: ENTRY})
    job = plan(plugin, "twin").runs[0]
    assert job.parameters == {"lr": 0.0004, "dim": 20, "cap": 5}
    assert job.trials == ENTRY.trials


def test_an_entry_for_an_entrant_that_is_tuned_as_another_is_an_error(plugin: Path) -> None:
    plugin.write_text(PLUGIN + TWIN)
    write_tuned(plugin.parent, {QUICK._replace(entrant="twin"): ENTRY})
    with pytest.raises(UserError, match="twin has the parameters of mine; delete the entry"):
        plan(plugin)


def test_an_entrant_that_is_tuned_as_an_unknown_one_is_an_error_with_its_place(plugin: Path) -> None:
    plugin.write_text(PLUGIN + TWIN.replace('"mine"', '"mime"'))
    with pytest.raises(UserError, match="mime") as raised:
        plan(plugin, "twin")
    assert str(plugin) in str(raised.value)
    assert "mine" in str(raised.value)


def test_what_is_chosen_on_one_case_voids_no_record_of_another_that_was_tuned_on(plugin: Path) -> None:
    write_tuned(plugin.parent, {SMALL: ENTRY})
    before = {run.spec.case: run.spec.key for run in plan(plugin, tier="small").runs}
    write_tuned(plugin.parent, {SMALL._replace(case="mix"): ENTRY.model_copy(update={"parameters": {"dim": 20}})})
    after = {run.spec.case: run.spec.key for run in plan(plugin, tier="small").runs}
    assert {case for case in before if before[case] != after[case]} == {"mix"}


def test_the_command_line_beats_what_tuning_chose(plugin: Path) -> None:
    write_tuned(plugin.parent, {QUICK: ENTRY.model_copy(update={"parameters": {"lr": 0.0004, "dim": 20}})})
    assert parameters(plugin, "mine[lr=0.002]")["atlas"] == {"lr": 0.002, "dim": 20}
    assert parameters(plugin, "mine[lr=0.001]")["atlas"] == {"dim": 20}, "the class default, asked for by name"


def test_the_label_says_what_the_user_set_and_the_record_how_many_trials_there_were(plugin: Path) -> None:
    write_tuned(plugin.parent, {QUICK: ENTRY})
    job = plan(plugin).runs[0]
    assert job.spec.label == "mine"
    assert Path(job.spec.place).name == "default-s0.json"
    assert job.trials == 7
    assert plan(plugin, tier="smoke").runs[0].trials == 0


def test_a_tuned_value_voids_records_and_status_says_which(plugin: Path) -> None:
    from datetime import UTC, datetime

    store = Store(plugin.parent / "results")
    for run in plan(plugin, store=store).runs:
        store.write(run.record("ok", datetime.now(UTC)))
    assert {run.state for run in plan(plugin, store=store).runs} == {"done"}
    write_tuned(plugin.parent, {QUICK: ENTRY})
    run = plan(plugin, store=store).runs[0]
    assert (run.state, run.why) == ("stale", "parameter lr was 0.001, is 0.0004 (tuned.toml)")
    write_tuned(plugin.parent, {QUICK: ENTRY.model_copy(update={"parameters": {"lr": 0.001}})})
    assert plan(plugin, store=store).runs[0].state == "done"


def test_none_is_written_as_the_command_line_takes_it(plugin: Path) -> None:
    write_tuned(plugin.parent, {QUICK: ENTRY.model_copy(update={"parameters": {"cap": None}})})
    assert parameters(plugin)["atlas"] == {"cap": None}


FAULTS = [
    ("parameters = { lrr = 0.1 }", "unknown parameter of mine in", "did you mean lr?"),
    ("parameters = { lr = -0.1 }", "lr = -0.1: input should be greater than 0", "tune again (`harness tune --task"),
    ("parameters = { dim = 1.5 }", "dim = 1.5: input should be a valid integer", "or delete the entry"),
    ("parameters = {}\nlucky = 3", "atlas.lucky", "Extra inputs"),
    ("parameters = [", "tuned.toml: ", "Invalid value"),
]


@pytest.mark.parametrize(("line", "what", "mend"), FAULTS)
def test_a_wrong_entry_is_one_clear_error_with_its_place(plugin: Path, line: str, what: str, mend: str) -> None:
    write_tuned(plugin.parent, {QUICK: ENTRY})
    path = plugin.parent / TUNED
    path.write_text(path.read_text().replace("parameters = { lr = 0.0004 }", line))
    with pytest.raises(UserError) as raised:
        plan(plugin)
    assert str(path) in str(raised.value)
    assert what in str(raised.value)
    assert mend in str(raised.value)


def test_an_unknown_entrant_beside_methods_is_an_error(tmp_path: Path) -> None:
    from harness.registry.tuned import checked_entries

    registry = find()
    folder = registry.header("word_similarity", "flyvec").path.parent
    known = {
        place: replace(header, path=tmp_path / header.path.name)
        for place, header in registry.entrants.items()
        if header.path.parent == folder
    }
    write_tuned(tmp_path, {QUICK._replace(entrant="flyvecc"): ENTRY})
    with pytest.raises(UserError, match=r"unknown entrant of word_similarity in .*tuned\.toml.* did you mean flyvec"):
        checked_entries(tmp_path, known, registry.tasks)


def test_an_entrant_of_another_plug_in_in_the_folder_is_left_alone(plugin: Path) -> None:
    write_tuned(plugin.parent, {QUICK._replace(entrant="hers"): ENTRY, QUICK: ENTRY})
    assert parameters(plugin)["atlas"] == {"lr": 0.0004}


def test_a_tier_that_there_is_not_is_named(tmp_path: Path) -> None:
    (tmp_path / TUNED).write_text("[word_similarity.mine.quik.atlas]\nasked = 8\n")
    with pytest.raises(UserError, match=r"word_similarity\.mine\.quik\.\[key\]: Input should be 'smoke', 'quick'"):
        read_tuned(tmp_path)


def test_an_entry_that_does_not_say_its_case_is_told_how_entries_are_written(tmp_path: Path) -> None:
    (tmp_path / TUNED).write_text("[word_similarity.mine.quick]\nasked = 8\n")
    with pytest.raises(UserError, match=r"mine\.quick\.asked: Input should be .* \[task\.entrant\.tier\.case\]"):
        read_tuned(tmp_path)


@pytest.mark.parametrize(("case", "hint"), [("atlass", "did you mean atlas"), ("mix", "there are: atlas, cost")])
def test_a_case_that_the_tier_does_not_have_is_an_error_not_an_entry_that_nobody_uses(
    plugin: Path, case: str, hint: str
) -> None:
    write_tuned(plugin.parent, {QUICK._replace(case=case): ENTRY})
    with pytest.raises(UserError, match=rf"case at tier quick in .*mine\.quick\.{case}\].*{hint}.*delete the entry"):
        plan(plugin)
