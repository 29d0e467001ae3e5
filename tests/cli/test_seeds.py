"""A new set of seeds: planned, and judged by itself."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., "subprocess.CompletedProcess[str]"]

RESULTS = Path(__file__).resolve().parents[2] / "results"


def test_a_new_set_of_seeds_is_planned(verb: Command) -> None:
    words = ("plan", "--tier", "quick", "--task", "word_similarity", "--case", "atlas", "--entrant", "sgns", "--json")
    several, as_many_as_the_tier = (
        [run["cell"].rpartition("-s")[2] for run in json.loads(verb(*words, *more).stdout)["runs"]]
        for more in (("--first-seed", 100, "--seeds", 2), ("--first-seed", 7))
    )
    assert several == ["100.json", "101.json"]
    assert as_many_as_the_tier == ["7.json", "8.json", "9.json"]


def test_a_verdict_on_other_seeds_than_the_planned_ones_says_so(verb: Command) -> None:
    words = ("claims", "--tier", "quick", "--task", "retrieval", "--results", RESULTS, "--json")
    claims = json.loads(verb(*words, "--first-seed", 1, "--seeds", 2).stdout)["claims"]
    findings = [finding for claim in claims for finding in claim["findings"] if finding["seeds"]]
    assert findings
    assert all(finding["seeds"] == [1, 2] for finding in findings)
    assert all("seeds 1, 2 instead of the planned 0-2" in finding["text"] for finding in findings)
    without_records = json.loads(verb(*words, "--first-seed", 100).stdout)["claims"]
    assert {claim["outcome"] for claim in without_records} == {"not assessable"}
