"""Every number leads back to its records: formula, seeds, values, interval, and the commands that reproduce it."""

from collections.abc import Callable

import pytest

from harness.core.errors import UserError
from harness.records.record import Record
from harness.records.scored import scored
from harness.tables.explain import Explanation, as_text, explain
from harness.tables.results import TaskResults
from harness.tables.table import Table

Make = Callable[..., Record]
Tables = Callable[..., list[Table]]
Explain = Callable[..., list[Explanation]]


@pytest.fixture
def explained(record: Make, tables: Tables) -> Explain:
    made = [
        record("vit", seed, value + seed / 10, case=case, chosen={"m": 16})
        for case, value in (("plain", 0.5), ("hard", 0.2))
        for seed in range(3)
    ]
    made += [record("bit", seed, status="error" if seed else "ok", dirty=True) for seed in range(3)]

    def explained(entrant: str, case: str = "") -> list[Explanation]:
        return explain(TaskResults(scored(made), "toy", "small"), tables(made)[0], entrant, case)

    return explained


def test_a_cell_leads_to_its_records(explained: Explain) -> None:
    (cell,) = explained("vit[m=16]", "plain")
    assert cell.says == "0.60 ± 0.17"
    assert cell.formula == "mean over 3 seeds of accuracy = mean(0.5, 0.6, 0.7) = 0.6"
    assert cell.interval == (
        "90% t interval over seeds: half-width t(0.95, 2) s / sqrt(n) = 0.168585 with s = 0.1, n = 3"
    )
    assert [(record["seed"], record["value"]) for record in cell.evidence] == [(0, 0.5), (1, 0.6), (2, 0.7)]
    assert {(record["case"], record["status"], record["error"]) for record in cell.evidence} == {("plain", "ok", "")}
    assert [record["path"] for record in cell.evidence] == [
        f"toy/small/plain/vit/m=16-s{seed}.json" for seed in range(3)
    ]
    assert all(len(record["key"]) == 32 for record in cell.evidence)


def test_the_commands_go_back_to_the_code_and_run_it_anew(explained: Explain) -> None:
    checkout, remove, run = explained("vit[m=16]", "plain")[0].commands
    assert checkout == f"git checkout {'a' * 40}"
    assert remove.split()[:2] == ["rm", "results/records/toy/small/plain/vit/m=16-s0.json"]
    assert run == "harness run --task toy --tier small --case plain --entrant 'vit[m=16]' --seeds 3"


def test_the_commands_name_the_results_folder_where_it_is_another_than_the_default(
    record: Make, tables: Tables
) -> None:
    made = [record("vit", seed) for seed in range(2)]
    shown = TaskResults(scored(made), "toy", "small")
    (cell,) = explain(shown, tables(made)[0], "vit", "plain", "my results/records")
    assert cell.commands[-1].endswith(" --results 'my results'")


def test_the_mean_over_cases_leads_to_all_of_them(explained: Explain) -> None:
    (cell,) = explained("vit[m=16]", "mean")
    assert cell.formula.startswith("mean over 3 seeds of each seed's mean of accuracy over the cases = mean(0.35, ")
    assert [record["value"] for record in cell.evidence] == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.7])


def test_a_failed_cell_is_explained_by_its_errors(explained: Explain) -> None:
    (cell,) = explained("bit", "plain")
    assert (cell.says, cell.formula, cell.interval) == (
        "error 2/3",
        "no value: error 2/3",
        "n/a: no value",
    )
    assert [record["error"] for record in cell.evidence] == ["", *["RuntimeError: it broke twice"] * 2]
    assert not cell.commands[0].startswith("git")


def test_a_row_is_explained_cell_by_cell(explained: Explain) -> None:
    assert [cell.column for cell in explained("vit[m=16]")] == ["plain", "hard", "mean"]


def test_it_reads_as_text(explained: Explain) -> None:
    text = as_text(explained("vit[m=16]", "plain")[0])
    assert text.startswith("### vit[m=16], plain: 0.60 ± 0.17\n")
    assert "\n  - plain, seed 0: 0.5, ok; toy/small/plain/vit/m=16-s0.json, key " in text


def test_what_is_not_there_is_named_with_the_nearest(explained: Explain) -> None:
    with pytest.raises(UserError, match=r"unknown entrant in toy-small 'vit'; did you mean vit\[m=16\]\?"):
        explained("vit")
    with pytest.raises(UserError, match="unknown case or column of toy-small 'plein'; did you mean plain"):
        explained("bit", "plein")
