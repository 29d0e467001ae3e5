"""Claims as written: inheritance, what is refused, and one clear line for each fault of `paper.toml`."""

import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.claims.claim import Claim
from harness.claims.paper import Paper, check_paper, find_papers, load_paper
from harness.core.card import Card
from harness.core.errors import UserError
from harness.registry.find import find
from harness.registry.headers import HARNESS

PAPER = """
[paper]
title = "Performing"
authors = ["A. Author", "B. Author"]
venue = "ICLR"
year = 2021
url = "https://example.org/paper"

[[published]]
metric = "accuracy"
dataset = "ListOps"
entrant = "performer"
value = 18.01
table = "Table 1"
why_not_comparable = "other depth"

[[sweep]]
entrant = "performer"
parameters = { m = [16, 64] }
tiers = ["small"]

[[claim]]
id = "as_good_for_less"
source = "Table 4"
says = "As good for less memory."
task = "long_range"
tiers = ["small", "large"]
of = "performer"
over = ["softmax"]
[[claim.part]]
metric = "accuracy"
kind = "noninferior"
margin = 0.02
[[claim.part]]
metric = "bytes"
kind = "within"
lower = 10.0
estimand = "log_ratio"
over = ["linformer"]
where = { case = "scaling", L = ">= 2048" }

[[claim]]
id = "linear_time"
source = "Fig. 3"
task = "long_range"
metric = "step_ms"
kind = "within"
upper = 1.25
estimand = "slope"
loglog = true
of = "performer"
x = "L"
where = { case = "scaling", m = [16, 64] }
tiers = ["small"]
"""

ENTRANTS = {"performer": {"m"}, "softmax": set(), "linformer": {"k"}}
CARD = Card.model_validate(
    {
        "task": "long_range",
        "version": 1,
        "title": "Long range",
        "question": "Which attention?",
        "unit": "examples",
        "primary": "accuracy",
        "points": ["L"],
        "seed_varies": "everything",
        "metrics": {name: {"better": "higher"} for name in ("accuracy", "bytes", "step_ms")},
        "cases": [{"id": case, "generated": "numbers"} for case in ("listops", "scaling")],
        "tiers": {},
    }
)
CARDS = {"long_range": CARD}
CLAIM: dict[str, Any] = {
    "id": "better",
    "source": "Table 1",
    "task": "long_range",
    "tiers": ["small"],
    "metric": "accuracy",
    "kind": "greater",
    "margin": 0.01,
    "of": "performer",
    "over": ["softmax"],
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "paper.toml"
    path.write_text(PAPER)
    return path


def paper_with(**changes: Any) -> Paper:
    claim = {name: value for name, value in {**CLAIM, **changes}.items() if value is not None}
    citation = {"title": "t", "authors": "a", "venue": "v", "year": 2021, "url": "u"}
    return Paper.model_validate({"paper": citation, "claim": [claim]})


def problems(**changes: Any) -> list[str]:
    return check_paper(paper_with(**changes), ENTRANTS, CARDS)


def test_parts_inherit_what_they_do_not_state(written: Path) -> None:
    first, second = load_paper(written).claim[0].parts
    assert (first.task, first.of, first.over, first.estimand) == ("long_range", "performer", ("softmax",), "difference")
    assert (second.tiers, second.of, second.over) == (("small", "large"), "performer", ("linformer",))
    assert second.where == {"case": "scaling", "L": ">= 2048"}


def test_a_claim_without_parts_is_one_part(written: Path) -> None:
    (part,) = load_paper(written).claim[1].parts
    assert part.opponents == (None,)
    assert part.region_on("raw").upper == 1.25


def test_a_sound_paper_has_no_problems(written: Path) -> None:
    assert check_paper(load_paper(written), ENTRANTS, CARDS) == []


def test_margins_of_ratios_are_written_as_ratios(written: Path) -> None:
    region = load_paper(written).claim[0].parts[1].region_on("raw")
    assert region.lower == pytest.approx(math.log(10))
    part = paper_with(estimand="log_ratio", margin=1.2).claim[0].parts[0]
    assert part.region_on("raw").margin == pytest.approx(math.log(1.2))


def test_the_logit_scale_asks_for_the_direction_alone() -> None:
    part = paper_with(estimand="gap_slope", x="L", also="logit").claim[0].parts[0]
    assert part.scales == ("raw", "logit")
    assert part.region_on("logit").required == ((("above", 0.0)),)
    assert part.region_on("logit").refuting == ((("below", 0.0)),)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"margin": None}, "claim 'better': margin is missing: the smallest effect of interest"),
        ({"margin": 0.0}, "claim 'better': margin = 0 must be positive"),
        ({"of": None}, "claim 'better': of is missing"),
        ({"over": None}, "claim 'better': over is missing: difference needs an opponent"),
        ({"over": ["performer"]}, "claim 'better': performer is compared with itself"),
        ({"of": "perfomer"}, "claim 'better': unknown entrant 'perfomer'; did you mean performer or linformer?"),
        ({"over": ["softmax", "sofmax[k=2]"]}, "claim 'better': unknown entrant 'sofmax'; did you mean softmax?"),
        ({"metric": "acuracy"}, "claim 'better': unknown metric 'acuracy'; did you mean accuracy?"),
        ({"task": "longrange"}, "claim 'better': unknown task 'longrange'; did you mean long_range?"),
        ({"where": {"shift": 2}}, "claim 'better': unknown axis 'shift'; there are: L, m"),
        ({"where": {"case": "scalling"}}, "claim 'better': unknown case 'scalling'; did you mean scaling?"),
        ({"where": {"L": ">= long"}}, "claim 'better': where.L: '>= long' compares with 'long', which is not a number"),
        ({"estimand": "gap_slope"}, "claim 'better': gap_slope needs the axis x"),
        ({"x": "L"}, "claim 'better': difference has no axis x"),
        ({"estimand": "level"}, "claim 'better': level is about one entrant and takes no over"),
        ({"loglog": True}, "claim 'better': loglog belongs to slope, not to difference"),
        ({"good": 0.9}, "claim 'better': difference has no good, a share of the best value"),
        ({"estimand": "good_share"}, "claim 'better': good_share needs good, a share of the best value"),
        ({"estimand": "good_share", "good": 2}, "claim 'better': good = 2 must be a share, above 0 and at most 1"),
        ({"upper": 2.0}, "claim 'better': lower and upper belong to within, not to greater"),
        ({"kind": "within", "margin": None}, "claim 'better': within needs lower, upper or both"),
        (
            {"no_effect": 1.0},
            "claim 'better': no_effect belongs to within, of a level or a slope, not to greater of difference",
        ),
        (
            {"kind": "within", "margin": None, "lower": 2, "upper": 1},
            "claim 'better': lower = 2.0 must be smaller than upper = 1.0",
        ),
        (
            {"estimand": "log_ratio", "margin": 0.1},
            "claim 'better': margin = 0.1: margins of log_ratio are written as ratios, above 1",
        ),
        (
            {"gate": {"metric": "learned", "threshold": 0.9}},
            "claim 'better': unknown metric 'learned'; there are: accuracy, bytes, step_ms",
        ),
        (
            {"gate": {"metric": "accuracy", "threshold": 0.9, "where": {"L": "> many"}}},
            "claim 'better': gate.where.L: '> many' compares with 'many', which is not a number",
        ),
    ],
)
def test_what_cannot_be_tested_is_one_clear_line(change: dict[str, Any], line: str) -> None:
    assert problems(**change) == [line]


def test_the_part_at_fault_is_named() -> None:
    parts = [{}, {"metric": "speed"}]
    assert problems(part=parts)[0].startswith("claim 'better', part 2: unknown metric 'speed'")


def test_a_parameter_of_an_entrant_is_an_axis() -> None:
    assert problems(where={"k": 2}) != []
    assert problems(where={"k": 2}, over=["linformer"]) == []


def test_no_claim_compares_with_a_reference() -> None:
    paper = paper_with(over=["softmax", "linformer"])
    assert check_paper(paper, ENTRANTS, CARDS, references=["linformer"]) == [
        "claim 'better': 'linformer' is a reference, with which no claim compares"
    ]


def test_sweeps_are_checked(written: Path) -> None:
    text = PAPER.replace("parameters = { m = [16, 64] }", "parameters = { n = [16], m = [] }")
    written.write_text(text)
    assert check_paper(load_paper(written), ENTRANTS, CARDS) == [
        "sweep of 'performer': unknown parameter 'n'; there are: m",
        "sweep of 'performer': parameter 'm' has no values",
    ]


def test_an_id_is_used_once() -> None:
    paper = paper_with()
    twice = paper.model_copy(update={"claim": paper.claim * 2})
    assert check_paper(twice, ENTRANTS, CARDS) == ["claim 'better': the id is used twice"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("upper = 1.25", "uper = 1.25", "claim 'linear_time': unknown field 'uper'; did you mean upper or"),
        (
            "lower = 10.0",
            "lowr = 10.0",
            "claim 'as_good_for_less': part 2: unknown field 'lowr'; did you mean lower or",
        ),
        ('kind = "within"\nupper', 'kind = "with"\nupper', "claim 'linear_time': kind: Input should be 'greater'"),
        ('metric = "step_ms"\n', "", "claim 'linear_time': metric: Field required"),
        ("value = 18.01", 'value = "high"', "published 'performer': value: Input should be a valid number"),
        ("year = 2021", "yaer = 2021", "paper: year: Field required"),
        ("[[sweep]]", "[[sweeps]]", "unknown field 'sweeps'; did you mean sweep?"),
        ("[[sweep]]", "[[sweep]", "Expected ']]'"),
    ],
)
def test_a_fault_of_the_file_is_one_line_that_names_its_place(written: Path, old: str, new: str, message: str) -> None:
    written.write_text(PAPER.replace(old, new))
    with pytest.raises(UserError) as caught:
        load_paper(written)
    assert message in str(caught.value)
    assert str(written) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_papers_of_one_name_are_one_line_that_names_both(tmp_path: Path) -> None:
    plugin = tmp_path / "ance" / "mine.py"
    plugin.parent.mkdir()
    source = "from harness.tasks.long_range import Attention\n\n\nclass Mine(Attention):\n    name = 'mine'\n"
    plugin.write_text(source)
    assert "ance" in find_papers(find([plugin]))
    (plugin.parent / "paper.toml").write_text("")
    with pytest.raises(UserError) as error:
        find_papers(find([plugin]))
    assert str(error.value).startswith("two papers are called 'ance', ")
    for path in (plugin.parent / "paper.toml", HARNESS.parent / "methods" / "ance" / "paper.toml"):
        assert str(path) in str(error.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"paper\.toml: .*No such file"):
        load_paper(tmp_path / "paper.toml")


def test_a_claim_cannot_be_changed() -> None:
    claim = Claim.model_validate(CLAIM)
    with pytest.raises(ValidationError):
        claim.parts[0].margin = 0.5  # type: ignore[misc]
