"""How many claims would come out falsely by chance."""

from collections.abc import Iterable
from typing import NamedTuple

from harness.claims.verdict import Verdict


class ExpectedErrors(NamedTuple):
    """How many of the judged claims would, at most, be falsely reproduced, and falsely contradicted or found smaller,
    if each of them lay at the boundary; `judged` is how many there are."""

    judged: int
    reproduced: float
    refuted: float


def expected_errors(verdicts: Iterable[Verdict]) -> ExpectedErrors:
    """The expected numbers of errors, if differences are symmetric about their mean.

    A comparison at a boundary passes it with probability `Finding.level`. A claim at the boundary of not holding has
    one comparison there, while the others hold: it is reproduced as often as this one passes. A claim at the boundary
    of holding has every comparison there, and is refuted if any of them passes.
    """
    judged = [verdict for verdict in verdicts if verdict.is_judged]
    levels = [[finding.level for finding in verdict.findings if finding.values] for verdict in judged]
    return ExpectedErrors(len(judged), sum(map(max, levels)), sum(min(1.0, sum(of_claim)) for of_claim in levels))
