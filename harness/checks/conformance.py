"""Conformance: what every entrant must do to be scored fairly, checked on its smoke run."""

import ast
import dataclasses
import hashlib
import json
import pickle
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.checks.recovery import recovery_problem
from harness.checks.smoke import run_smoke, untimed_scores
from harness.core import limits
from harness.core.card import Card, Resolved
from harness.core.closure import assigned_names, parse
from harness.core.entrant import Entrant
from harness.core.run import Run
from harness.core.seeds import Streams
from harness.core.task import Task
from harness.records.record import SCORED
from harness.registry.find import Registry, load_entrant, load_task
from harness.registry.headers import ATTRIBUTES, Header, inapplicable
from harness.registry.parameters import Parameter, Uncheckable
from harness.runs.executors.isolated import IsolatedCall, ProcessEnded

TOLERANCE = 1e-4
"""Batches of another size may change the last bits of floating-point numbers, and no more."""
ITEMS = 12
"""How many items are asked for in other batches and orders."""
QUESTIONS = "questions in other batches"
GOES_ON = "goes on after a kill"
LONGEST_PROBLEM = 4000
NEAR = 0.8
"""How much two names must have in common for one to be taken for a slip in the other, as `difflib` counts it."""
MOST_ENTRIES = 10_000
"""Longer lists are of words or of numbers and not searched for arrays."""


class CheckResult(NamedTuple):
    """The result of one check: `problem` says what is wrong and how to mend it, "" when nothing is."""

    check: str
    problem: str = ""


def conform(
    registry: Registry, header: Header, limit_s: float | None = None, cases: Sequence[str] = ()
) -> Iterator[CheckResult]:
    """Check an entrant of the registry, in some cases of the smoke tier (none = all); results come as they are made.
    Each run is stopped after its limit: the smoke tier's, or `limit_s` where that is shorter. An entrant whose smoke
    runs fail is not checked any further."""
    yield CheckResult("class attributes", _unannotated(header))
    runs = list(_run_twice(registry, header, limit_s, cases))
    yield from runs
    if any(result.problem for result in runs):
        return
    card = registry.card(header.task)
    seconds = sum(min(resolved.limit_s, limit_s or resolved.limit_s) for resolved in card.at_tier("smoke"))
    try:
        call = IsolatedCall(_examine, card, header, cases, limit_s=seconds, memory_mb=_memory_mb(card))
        results = json.loads(call.result())
    except MemoryError as error:
        results = [(QUESTIONS, str(error))]
    except TimeoutError:
        results = [(QUESTIONS, f"not answered within {seconds:g} s")]
    except ProcessEnded as error:
        results = [(QUESTIONS, f"the process that asked them {error}")]
    yield from (CheckResult(*result) for result in results)


def _memory_mb(card: Card) -> int:
    """The most that a run of the smoke tier may allocate, in megabytes."""
    return max(resolved.memory_mb for resolved in card.at_tier("smoke"))


def _unannotated(header: Header) -> str:
    """Class attributes that look like parameters but are none, because they lack an annotation."""
    (definition,) = (
        node for node in parse(header.path).body if isinstance(node, ast.ClassDef) and node.name == header.class_name
    )
    assigned = [name for entry in definition.body if isinstance(entry, ast.Assign) for name in assigned_names(entry)]
    names = [name for name in assigned if name not in ATTRIBUTES and not name.startswith("_")]
    if not names:
        return ""
    return f"{', '.join(names)} has no annotation, so it is no parameter; write `{names[0]}: int = ...` (or ClassVar)"


def _run_twice(
    registry: Registry, header: Header, limit_s: float | None, cases: Sequence[str]
) -> Iterator[CheckResult]:
    """Two smoke runs of one seed in processes of their own; only the first where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        smoke = partial(run_smoke, registry, header.task, [header.name], limit_s=limit_s, cases=cases)
        first = smoke(results=Path(folder) / "first")
        ended = all(record.status in SCORED for record in first)
        second = {record.spec.place: record for record in smoke(results=Path(folder) / "second")} if ended else {}
    if not first:
        yield CheckResult("smoke run", "the smoke tier has no case for it")
    for record in first:
        case, again = record.spec.case, second.get(record.spec.place)
        yield CheckResult(f"{case}: smoke run", f"{record.status}: {record.failure.text}" if record.failure else "")
        if again is None:
            continue
        unlisted = ", ".join(record.origin.unlisted)
        advice = "which its key does not cover; import them plainly or name them in `files`"
        yield CheckResult(f"{case}: files in the key", f"it uses {unlisted}, {advice}" if unlisted else "")
        same = untimed_scores(record) == untimed_scores(again) or not header.deterministic
        advice = "draw from run.rng(...), or set `deterministic = False`"
        yield CheckResult(f"{case}: same seed, same scores", "" if same else advice)


def _examine(card: Card, header: Header, cases: Sequence[str]) -> str:
    """The results of all other checks as JSON; an error is a result. The process has not imported the entrant yet."""
    limits.limit_memory(_memory_mb(card))
    try:
        return json.dumps(list(_examined(card, header, cases)))
    except BaseException as error:
        return json.dumps([CheckResult(QUESTIONS, f"{type(error).__name__}: {error}"[:LONGEST_PROBLEM])])


def _examined(card: Card, header: Header, cases: Sequence[str]) -> Iterator[CheckResult]:
    load_entrant(header)  # with the libraries that it imports: some of them draw random numbers while imported
    package = header.module.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
    before = _global_state()
    cls = load_entrant(header)
    moved = "" if _global_state() == before else "importing it draws from or seeds a global generator"
    yield CheckResult("import leaves random state alone", moved)
    entrant = cls()
    differing = sorted(header.parameters.keys() ^ entrant.parameters.keys())
    yield CheckResult("parameters are read from source", f"differ: {differing}" if differing else "")
    yield CheckResult("methods are the task's", _near_misses(cls))
    refused = (_refused(header.parameters[name], name, value) for name, value in entrant.parameters.items())
    yield CheckResult("defaults are allowed", "; ".join(filter(None, refused)))
    unpicklable = ""
    try:
        pickle.loads(pickle.dumps(entrant))
    except Exception as error:
        unpicklable = f"{type(error).__name__}: {error}"
    yield CheckResult("picklable", unpicklable)
    task = load_task(card, header.home)
    applicable = [
        resolved
        for resolved in card.at_tier("smoke")
        if not inapplicable(header, resolved) and (not cases or resolved.case.id in cases)
    ]
    for resolved in applicable:
        for check, problem in _ask_in_batches(task, entrant, resolved):
            yield CheckResult(f"{resolved.case.id}: {check}", problem)
    trained = [resolved for resolved in applicable if resolved.budget.total and not resolved.case.exclusive]
    for resolved in trained[:1] if header.deterministic else ():
        yield CheckResult(f"{resolved.case.id}: {GOES_ON}", recovery_problem(task, cls, resolved))


def _ask_in_batches(task: Task[Entrant], entrant: Entrant, resolved: Resolved) -> Iterator[CheckResult]:
    """Fit at the smoke tier, then ask for the same items in other batches and in another order."""
    run = Run(settings=resolved.settings, budget=resolved.budget, streams=Streams(task.card.task, 0))
    limits.seed_globals(run.seed("global"))
    problem = task.problem(resolved.case.id, run)
    if resolved.budget.total:
        before = _content(problem.train)
        entrant.fit(problem.train, run)
        changed = "" if _content(problem.train) == before else "`fit` changes it in place; work on copies"
        yield CheckResult("training data left alone", changed)
    yield CheckResult("budget obeyed", "" if run.spent <= run.budget.total else f"it spent {run.spent}")
    answers = partial(task.answers, entrant, problem.test)
    together = answers(np.arange(ITEMS))
    if together is None:
        return
    apart = [answer for i in range(ITEMS) if (answer := answers(np.array([i]))) is not None]
    yield CheckResult("batch size changes nothing", _difference(together, np.concatenate(apart)))
    order = np.random.default_rng(0).permutation(ITEMS)
    turned = answers(order)
    assert turned is not None
    yield CheckResult("order changes nothing", _difference(together[order], turned))


def _near_misses(cls: type[Entrant]) -> str:
    """Methods of a class that are named nearly as one that it could override but does not, "" if there are none."""
    own = {name for name, value in vars(cls).items() if callable(value) and not name.startswith("_")}
    others = {name for base in cls.__mro__[1:] for name, value in vars(base).items() if callable(value)} - own
    near = ((name, get_close_matches(name, others, n=1, cutoff=NEAR)) for name in sorted(own))
    known = {name for base in cls.__mro__[1:] for name in vars(base)}
    return "; ".join(
        f"nothing calls `{name}`; did you mean `{match[0]}`?" for name, match in near if match and name not in known
    )


def _content(value: Any) -> str:
    """The digest of all arrays and tensors that a value holds."""
    state = hashlib.sha256()
    for array in _arrays(value, set()):
        state.update(array.tobytes())
    return state.hexdigest()


def _arrays(value: Any, seen: set[int]) -> Iterator[np.ndarray]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        yield value
    elif hasattr(value, "detach"):
        yield value.detach().cpu().numpy()
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _arrays(entry, seen)
    elif isinstance(value, list | tuple):
        for entry in value if len(value) < MOST_ENTRIES else ():
            yield from _arrays(entry, seen)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _arrays(getattr(value, field.name), seen)


def _refused(parameter: Parameter, name: str, value: Any) -> str:
    """What is wrong with a parameter's default, "" if nothing is."""
    try:
        parameter.check(value)
    except Uncheckable:
        return ""
    except ValueError as error:
        return f"{name} = {value!r}: {error}"
    return ""


def _difference(expected: np.ndarray, answers: np.ndarray) -> str:
    if expected.shape != answers.shape:
        return f"answers have shape {expected.shape} or {answers.shape}, depending on the batch"
    if np.allclose(expected, answers, rtol=TOLERANCE, atol=TOLERANCE):
        return ""
    worst = float(np.max(np.abs(expected.astype(float) - answers.astype(float))))
    return f"the answer to an item depends on the others it is asked with (by up to {worst:.3g})"


def _global_state() -> tuple[bytes, bytes]:
    return pickle.dumps(random.getstate()), pickle.dumps(np.random.get_state())
