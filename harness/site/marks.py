"""The marks of verdicts: each is told from the others by its shape, its letter and its colour."""

from collections.abc import Iterable
from typing import NamedTuple, get_args

from harness.claims.finding import Finding, Judgement
from harness.claims.verdict import Verdict

OUTCOMES: tuple[Judgement, ...] = get_args(Judgement)
"""Every outcome that a claim may have."""

_MEANINGS = {
    "reproduced": "the records show what the paper claims",
    "smaller": "the claimed direction is shown, the claimed size is not",
    "contradicted": "the records show the opposite, or that the claimed effect is not there",
    "inconclusive": "these seeds decide neither way",
    "not assessable": "something that the claim needs is missing, and the reason is said",
    "rehearsal, leaning for": "a tier too small to judge at; the estimate is on the claim's side",
    "rehearsal, leaning against": "a tier too small to judge at; the estimate is on the other side",
}


class Mark(NamedTuple):
    """The mark of an outcome; `kind` is its class in the style sheet."""

    kind: str
    letter: str
    name: str

    @property
    def meaning(self) -> str:
        """What the outcome means, in words."""
        return _MEANINGS.get(self.name, "")


def mark_of(outcome: Verdict | Finding) -> Mark:
    """The mark of a verdict or a finding."""
    return _mark(outcome.outcome, outcome.leaning)


def legend(verdicts: Iterable[Verdict]) -> list[Mark]:
    """The marks that verdicts have, in the order of `OUTCOMES`."""
    marks = {mark_of(verdict) for verdict in verdicts}
    every = [_mark(outcome, leaning) for outcome in OUTCOMES for leaning in ("for", "against")]
    return [mark for mark in dict.fromkeys(every) if mark in marks]


def _mark(outcome: str, leaning: str) -> Mark:
    if outcome == "rehearsal":
        return Mark(
            f"rehearsal-{leaning}", "+" if leaning == "for" else "\N{MINUS SIGN}", f"rehearsal, leaning {leaning}"
        )
    return Mark(outcome.replace(" ", "-"), outcome[0].upper(), outcome)
