"""The file of golden smoke scores: `smoke.json` beside a task's card."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import Spec
from harness.core.strict import Strict, first_fault
from harness.registry.find import Registry

FILE = "smoke.json"
RELATIVE, ABSOLUTE = 1e-3, 0.02
"""How far a score may be from the golden one where other packages or another processor give it: so much of its value,
or so much in all.

Without AVX-512, and with two threads, smoke scores differ by less than 1e-3 of their value; with SSE alone, rank
correlations of binarised vectors differ by up to 0.007. `ABSOLUTE` also lets one of 64 test items be judged otherwise.
"""
TOLERANCE = f"within {RELATIVE:g} of their value or {ABSOLUTE:g} in all"


class Golden(Strict):
    """What a `smoke.json` says.

    `packages` and `processor` say where the scores are from; `defaults` are the values of the card that scores depend
    on though keys do not contain them; `code` is the digest of each entrant's code in its keys; `keys` and `scores`
    (all but timings, by metric and point of measurement) are those of the smoke runs, by `case/entrant seed N`.

    `amplified` names, by hand, runs whose training makes rounding errors large, so that the same code gives other
    scores on another processor. They are compared where packages and processor are the same, and nowhere else.
    """

    about: str
    version: int
    packages: Mapping[str, str]
    processor: str
    defaults: Mapping[str, Any]
    code: Mapping[str, str]
    keys: Mapping[str, str]
    scores: Mapping[str, Mapping[str, float]]
    amplified: tuple[str, ...] = ()

    @property
    def machine(self) -> str:
        """Where the scores are from, in words."""
        return f"torch {self.packages.get('torch', '(none)')} on {self.processor}"

    @property
    def size(self) -> str:
        """The numbers of scores and of entrants, in words."""
        return f"{sum(map(len, self.scores.values()))} smoke scores of {len(self.code)} entrants"

    def is_exact_for(self, other: "Golden") -> bool:
        """Whether both are from the same packages and processor, so that equal code gives equal scores."""
        return (self.packages, self.processor) == (other.packages, other.processor)

    def has(self, spec: Spec) -> bool:
        """Whether a run is one of the golden ones."""
        return self.keys.get(run_name(spec)) == spec.key

    def differs_in_code(self, spec: Spec) -> bool:
        """Whether a run is one of the golden ones but for its entrant's code."""
        return not self.has(spec) and self.has(replace(spec, code=self.code.get(spec.entrant, "")))

    def differences(self, now: "Golden", runs: Iterable[str]) -> list[str]:
        """A line for each score of some runs that is another one `now`. If `now` is from other packages or another
        processor, differences within the tolerance do not count."""
        is_exact = self.is_exact_for(now)
        relative, absolute = (0.0, 0.0) if is_exact else (RELATIVE, ABSOLUTE)
        lines = []
        for run in sorted(set(runs) - set(() if is_exact else self.amplified)):
            before, after = self.scores.get(run, {}), now.scores.get(run, {})
            for name in sorted(before.keys() | after.keys()):
                was, is_ = before.get(name, math.nan), after.get(name, math.nan)
                if not math.isclose(was, is_, rel_tol=relative, abs_tol=absolute):
                    lines.append(f"{run}: {name} was {before.get(name)}, is {after.get(name)}")
        return lines


def run_name(spec: Spec) -> str:
    """What golden scores call a smoke run."""
    return f"{spec.case}/{spec.label} seed {spec.seed}"


def defaults(card: Card) -> dict[str, Any]:
    """The values of a card that scores depend on though keys do not contain them, by name: the defaults of the
    settings, and the chance values and ceilings of the metrics."""
    values = {f"setting {name}": value for name, value in card.settings.items()}
    for name, metric in card.metrics.items():
        values |= {f"chance of {name}": metric.chance, f"ceiling of {name}": metric.ceiling}
    return values


def golden_file(registry: Registry, task: str) -> Path:
    """Where a task's golden scores lie."""
    return registry.homes[task].folder / FILE


def golden_command(task: str) -> str:
    """The command that writes a task's golden scores."""
    return f"harness check --golden {task}"


def read_golden(registry: Registry, task: str) -> Golden:
    """A task's golden scores. A missing file, and one that cannot be read, is a `UserError`."""
    path, command = golden_file(registry, task), golden_command(task)
    try:
        return Golden.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is not there: `{command}` writes it. Scores must then be the same, bit for bit on this machine, "
            f"{TOLERANCE} elsewhere"
        ) from error
    except ValidationError as error:
        fault = first_fault(error, "content")
        raise UserError(f"{path}: {fault}; restore it, or delete it and `{command}`") from error
