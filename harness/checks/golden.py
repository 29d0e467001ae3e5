"""Golden smoke scores: `smoke.json` beside a task's card, with what every entrant scored at the smoke tier."""

import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.checks.smoke import environment, run_smoke, untimed_scores
from harness.core.card import Card
from harness.core.errors import UserError
from harness.core.spec import Spec
from harness.core.strict import Strict
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
WITHIN = f"within {RELATIVE:g} of their value or {ABSOLUTE:g} in all"


class Cell(Strict):
    """One smoke run: its key, and its scores but timings, by metric and point of measurement."""

    key: str
    scores: Mapping[str, float]

    def differences(self, now: "Cell", *, exact: bool) -> Iterator[str]:
        """The scores that are others `now`, in words; beyond the tolerance where it need not be `exact`."""
        for name in sorted(self.scores.keys() | now.scores.keys()):
            before, after = self.scores.get(name), now.scores.get(name)
            if before != after and (exact or not _close(before, after)):
                yield f"{name} was {before}, is {after}"


class Golden(Strict):
    """What a `smoke.json` says.

    `version` is the task's; `packages` and `processor` say where the scores are from; `defaults` are the values on the
    card that scores depend on though keys leave them out; `code` is what stands for each entrant's code in its keys;
    `cells` are the smoke runs by `case/entrant seed N`.
    """

    about: str = ""
    version: int
    packages: Mapping[str, str]
    processor: str
    defaults: Mapping[str, Any]
    code: Mapping[str, str]
    cells: Mapping[str, Cell]

    @property
    def place(self) -> str:
        """Where the scores are from, in words."""
        return f"torch {self.packages.get('torch', '(none)')} on {self.processor}"

    def same_place(self, other: "Golden") -> bool:
        """Whether both are from the same packages and processor: equal code then gives equal bits."""
        return (self.packages, self.processor) == (other.packages, other.processor)

    def has(self, spec: Spec) -> bool:
        """Whether a run is one of the golden ones."""
        cell = self.cells.get(cell_of(spec))
        return cell is not None and cell.key == spec.key

    def differs_in_code(self, spec: Spec) -> bool:
        """Whether a run is one of the golden ones but for its entrant's code."""
        return not self.has(spec) and self.has(replace(spec, code=self.code.get(spec.entrant, "")))


def _close(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return False
    return math.isclose(before, after, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def cell_of(spec: Spec) -> str:
    """What golden scores call a smoke run."""
    return f"{spec.case}/{spec.label} seed {spec.seed}"


def defaults(card: Card) -> dict[str, Any]:
    """What scores depend on in a card though keys leave it out, by name: the defaults of the settings, and what
    guessing scores and cannot be beaten."""
    found = {f"setting {name}": value for name, value in card.settings.items()}
    for name, metric in card.metrics.items():
        found |= {f"chance of {name}": metric.chance, f"ceiling of {name}": metric.ceiling}
    return found


def own_entrants(registry: Registry, task: str) -> list[str]:
    """The entrants that a task's golden scores cover: this distribution's, or those of the task's own package. That
    there are none is a `UserError`."""
    own = [name for name, header in registry.of_task(task).items() if header.kind != "plugin"]
    if not own:
        raise UserError(f"{task}: its package brings no entrant whose scores could be golden")
    return own


def golden_file(registry: Registry, task: str) -> Path:
    """Where a task's golden scores lie."""
    return registry.homes[task].folder / FILE


def read_golden(registry: Registry, task: str) -> Golden | None:
    """A task's golden scores, None if there is no such file; a fault is a `UserError`."""
    path = golden_file(registry, task)
    try:
        return Golden.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "content"
        raise UserError(f"{path}: {place}: {first['msg']}; restore it, or delete it and `{writing(task)}`") from error


def write_golden(registry: Registry, task: str, golden: Golden) -> Path:
    """Write a task's golden scores, a line a score."""
    path = golden_file(registry, task)
    content = {**golden.model_dump(mode="json"), "about": f"Golden smoke scores, written by `{writing(task)}`."}
    try:
        path.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
    return path


def writing(task: str) -> str:
    """The command that writes a task's golden scores."""
    return f"harness check --golden {task}"


def measure(registry: Registry, task: str, entrants: Sequence[str]) -> Golden:
    """What the present code gives for some entrants of a task. A run that fails is a `UserError`."""
    with tempfile.TemporaryDirectory() as folder:
        records = run_smoke(registry, task, entrants, Path(folder), workers=check_load(0, 1))
    for record in records:
        if record.status not in SCORED:
            why = record.failure.text if record.failure else "it left no word"
            raise UserError(f"{task}: {cell_of(record.spec)}: {record.status}: {why}")
    here = environment()
    return Golden(
        version=registry.card(task).version,
        packages=here.packages,
        processor=f"{here.processor}{_model()}",
        defaults=defaults(registry.card(task)),
        code={record.spec.entrant: record.spec.code for record in records},
        cells={cell_of(record.spec): Cell(key=record.key, scores=untimed_scores(record)) for record in records},
    )


def _model() -> str:
    """The numbers that tell processors of the same name apart, where the system says them: ` (family 25, model 17)`."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = dict(re.findall(r"^(cpu family|model)\s*: (\d+)$", lines, flags=re.MULTILINE))
    return f" (family {found['cpu family']}, model {found['model']})" if len(found) == 2 else ""
