"""Conformance: what every entrant must do to be scored fairly, checked on its smoke run."""

import ast
import json
import pickle
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.checks.smoke import run_smoke, untimed_scores
from harness.core import limits
from harness.core.card import Card
from harness.core.entrant import Entrant
from harness.core.run import Run
from harness.core.seeds import Streams
from harness.records.record import SCORED
from harness.registry.attributes import ATTRIBUTES
from harness.registry.find import Registry, load_entrant, load_task
from harness.registry.headers import Header, inapplicable
from harness.registry.parameters import Parameter, Uncheckable
from harness.runs.executors.isolated import IsolatedCall, ProcessEnded

TOLERANCE = 1e-4
"""Batches of another size may change a float's last bits, no more."""
ITEMS = 12
"""How many items are asked for in other batches and orders."""
QUESTIONS = "questions in other batches"
LONGEST_PROBLEM = 4000


class CheckResult(NamedTuple):
    """The outcome of one check: `problem` says what is wrong and how to mend it, "" when nothing is."""

    check: str
    problem: str = ""


def conform(registry: Registry, header: Header, limit_s: float | None = None) -> Iterator[CheckResult]:
    """Check an entrant of the registry; findings come as they are made. Each run is stopped after its limit: the smoke
    tier's, or `limit_s` where that is shorter. What needs an entrant that runs is checked of those alone."""
    yield CheckResult("class attributes", _unannotated(header))
    runs = list(_run_twice(registry, header, limit_s))
    yield from runs
    if not any(finding.problem for finding in runs):
        yield from _examined(registry.card(header.task), header, limit_s)


def _unannotated(header: Header) -> str:
    """Class attributes that look like parameters but are none, because they lack an annotation."""
    tree = ast.parse(header.path.read_text())
    (definition,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == header.class_name)
    names = [
        target.id
        for statement in definition.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id not in ATTRIBUTES and not target.id.startswith("_")
    ]
    if not names:
        return ""
    return f"{', '.join(names)} has no annotation, so it is no parameter; write `{names[0]}: int = ...` (or ClassVar)"


def _examined(card: Card, header: Header, limit_s: float | None) -> list[CheckResult]:
    """What `_examine` finds in a fresh process. A process that does not end in time, or fails, is a finding too."""
    limits_s = (card.resolve("smoke", case).limit_s for case in card.tiers["smoke"].cases)
    seconds = sum(min(limit, limit_s or limit) for limit in limits_s)
    try:
        findings = json.loads(IsolatedCall(_examine_apart, card, header, limit_s=seconds).result())
    except TimeoutError:
        return [CheckResult(QUESTIONS, f"not answered within {seconds:g} s")]
    except ProcessEnded as error:
        return [CheckResult(QUESTIONS, f"the process that asked them {error}")]
    return [CheckResult(*finding) for finding in findings]


def _examine_apart(card: Card, header: Header) -> str:
    """The findings of `_examine` as JSON, of which an error is one."""
    try:
        return json.dumps(_examine(card, header))
    except Exception as error:
        return json.dumps([CheckResult(QUESTIONS, f"{type(error).__name__}: {error}"[:LONGEST_PROBLEM])])


def _examine(card: Card, header: Header) -> list[CheckResult]:
    """The checks that look at the class itself, where importing it is the first time."""
    before = _global_state()
    cls = load_entrant(header)
    findings = [CheckResult("import leaves random state alone", _moved(before))]
    entrant = cls()
    declared = {name: parameter.default for name, parameter in header.parameters.items()}
    missing = declared.keys() ^ entrant.parameters.keys()
    findings.append(CheckResult("parameters are read from source", f"differ: {sorted(missing)}" if missing else ""))
    unfit = (_unfit(header.parameters[name], name, value) for name, value in entrant.parameters.items())
    findings.append(CheckResult("defaults are allowed", "; ".join(filter(None, unfit))))
    findings.append(CheckResult("picklable", _attempt(lambda: pickle.loads(pickle.dumps(entrant)))))
    findings += _ask_in_batches(card, header, entrant)
    return findings


def _ask_in_batches(card: Card, header: Header, entrant: Entrant) -> Iterator[CheckResult]:
    """Fit at the smoke tier, then ask for the same items in other batches and in another order."""
    task = load_task(card, header.home)
    for case in card.tiers["smoke"].cases:
        resolved = card.resolve("smoke", case)
        if inapplicable(header, resolved):
            continue
        run = Run(settings=resolved.settings, budget=resolved.budget, streams=Streams(card.task, 0))
        limits.seed_globals(run.seed("global"))
        problem = task.problem(case, run)
        if resolved.budget.total:
            entrant.fit(problem.train, run)
        yield CheckResult(f"{case}: budget obeyed", "" if run.spent <= run.budget.total else f"it spent {run.spent}")
        answers = partial(task.answers, entrant, problem.test)
        together = answers(np.arange(ITEMS))
        if together is None:
            continue
        apart = [answer for i in range(ITEMS) if (answer := answers(np.array([i]))) is not None]
        yield CheckResult(f"{case}: batch size changes nothing", _difference(together, np.concatenate(apart)))
        order = np.random.default_rng(0).permutation(ITEMS)
        turned = answers(order)
        assert turned is not None
        yield CheckResult(f"{case}: order changes nothing", _difference(together[order], turned))


def _unfit(parameter: Parameter, name: str, value: Any) -> str:
    """What is wrong with a parameter's default, "" if nothing is."""
    try:
        parameter.check(value)
    except Uncheckable:
        return ""
    except ValueError as error:
        return f"{name} = {value!r}: {error}"
    return ""


def _difference(expected: np.ndarray, found: np.ndarray) -> str:
    if expected.shape != found.shape:
        return f"answers have shape {expected.shape} or {found.shape}, depending on the batch"
    if np.allclose(expected, found, rtol=TOLERANCE, atol=TOLERANCE):
        return ""
    worst = float(np.max(np.abs(expected.astype(float) - found.astype(float))))
    return f"the answer to an item depends on the others it is asked with (by up to {worst:.3g})"


def _run_twice(registry: Registry, header: Header, limit_s: float | None) -> Iterator[CheckResult]:
    """Two smoke runs of one seed in processes of their own; one alone where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        smoke = partial(run_smoke, registry, header.task, [header.name], limit_s=limit_s)
        first = smoke(results=Path(folder) / "first")
        ended = all(record.status in SCORED for record in first)
        second = {record.spec.place: record for record in smoke(results=Path(folder) / "second")} if ended else {}
    if not first:
        yield CheckResult("smoke run", "the smoke tier has no case for it")
    for record in first:
        case, place = record.spec.case, record.spec.place
        failure = f"{record.status}: {record.failure.text}" if record.failure else ""
        yield CheckResult(f"{case}: smoke run", failure)
        if place not in second:
            continue
        unlisted = record.origin.unlisted
        yield CheckResult(
            f"{case}: files in the key",
            f"it uses {', '.join(unlisted)}, which its key does not cover; import them plainly or name them in `files`"
            if unlisted
            else "",
        )
        same = untimed_scores(record) == untimed_scores(second[place])
        yield CheckResult(
            f"{case}: same seed, same scores",
            "" if same or not header.deterministic else "draw from run.rng(...), or set `deterministic = False`",
        )


def _global_state() -> Sequence[Any]:
    return pickle.dumps(random.getstate()), pickle.dumps(np.random.get_state())


def _moved(before: Sequence[Any]) -> str:
    return "" if _global_state() == before else "importing it draws from or seeds a global generator"


def _attempt(action: Callable[[], Any]) -> str:
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
