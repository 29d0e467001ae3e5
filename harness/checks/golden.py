"""Golden smoke scores: `smoke.json` beside a task's card, with what every entrant scored at the smoke tier."""

import json
import math
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.checks.smoke import environment, run_smoke, untimed_scores
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import Spec
from harness.core.strict import Strict, first_fault
from harness.records.record import SCORED
from harness.registry.find import Registry
from harness.runs.executors.local import check_load

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

    `packages` and `processor` say where the scores are from; `defaults` are the values on the card that scores depend
    on though keys leave them out; `code` is what stands for each entrant's code in its keys; `keys` and `scores` (all
    but timings, by metric and point of measurement) are those of the smoke runs, by `case/entrant seed N`.
    """

    about: str
    version: int
    packages: Mapping[str, str]
    processor: str
    defaults: Mapping[str, Any]
    code: Mapping[str, str]
    keys: Mapping[str, str]
    scores: Mapping[str, Mapping[str, float]]

    @property
    def machine(self) -> str:
        """Where the scores are from, in words."""
        return f"torch {self.packages.get('torch', '(none)')} on {self.processor}"

    @property
    def size(self) -> str:
        """How much there is, in words."""
        return f"{sum(map(len, self.scores.values()))} smoke scores of {len(self.code)} entrants"

    def is_exact_for(self, other: "Golden") -> bool:
        """Whether both are from the same packages and processor: equal code then gives equal bits."""
        return (self.packages, self.processor) == (other.packages, other.processor)

    def has(self, spec: Spec) -> bool:
        """Whether a run is one of the golden ones."""
        return self.keys.get(run_name(spec)) == spec.key

    def differs_in_code(self, spec: Spec) -> bool:
        """Whether a run is one of the golden ones but for its entrant's code."""
        return not self.has(spec) and self.has(replace(spec, code=self.code.get(spec.entrant, "")))

    def differences(self, now: "Golden", runs: Iterable[str]) -> list[str]:
        """How the scores of some runs differ `now`, a line each; only beyond the tolerance where `now` is from another
        machine."""
        relative, absolute = (0.0, 0.0) if self.is_exact_for(now) else (RELATIVE, ABSOLUTE)
        lines = []
        for run in sorted(runs):
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
    """What scores depend on in a card though keys leave it out, by name: the defaults of the settings, and what
    guessing scores and cannot be beaten."""
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
    """A task's golden scores. That there are none, or that they cannot be read, is a `UserError`."""
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


def write_golden(registry: Registry, task: str, golden: Golden) -> Path:
    """Write a task's golden scores, a line a score."""
    path = golden_file(registry, task)
    content = json.dumps(golden.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
    try:
        path.write_text(content + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    return path


def own_entrants(registry: Registry, task: str) -> list[str]:
    """The entrants that a task's golden scores cover: all but plug-ins. That there are none is a `UserError`."""
    own = [name for name, header in registry.of_task(task).items() if header.kind != "plugin"]
    if not own:
        raise UserError(f"{task}: its package brings no entrant whose scores could be golden")
    return own


def measure(registry: Registry, task: str, entrants: Sequence[str]) -> Golden:
    """What the present code gives for some entrants of a task. A run that fails is a `UserError`."""
    with tempfile.TemporaryDirectory() as folder:
        records = run_smoke(registry, task, entrants, Path(folder), workers=check_load(0, 1))
    for record in records:
        if record.status not in SCORED and record.failure:
            raise UserError(f"{task}: {run_name(record.spec)}: {record.status}: {record.failure.text}")
    here = environment()
    return Golden(
        about=f"Golden smoke scores, written by `{golden_command(task)}`.",
        version=registry.card(task).version,
        packages=here.packages,
        processor=f"{here.processor}{_model()}",
        defaults=defaults(registry.card(task)),
        code={record.spec.entrant: record.spec.code for record in records},
        keys={run_name(record.spec): record.key for record in records},
        scores={run_name(record.spec): untimed_scores(record) for record in records},
    )


def _model() -> str:
    """The numbers that tell processors of the same name apart, where the system says them: ` (family 25, model 17)`."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    numbers = dict(re.findall(r"^(cpu family|model)\s*: (\d+)$", lines, flags=re.MULTILINE))
    return f" (family {numbers['cpu family']}, model {numbers['model']})" if len(numbers) == 2 else ""
