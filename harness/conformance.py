"""Conformance: what every entrant must do to be scored fairly, checked on its smoke run."""

import ast
import pickle
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness import limits
from harness.attributes import OWN
from harness.card import Card
from harness.entrant import Entrant
from harness.environment import gather
from harness.executors.local import LocalExecutor
from harness.headers import Header
from harness.plan import Selection, inapplicable, make_plan
from harness.record import Record
from harness.registry import Registry, load_entrant, load_task
from harness.run import Run
from harness.seeds import Streams
from harness.store import Store

TOLERANCE = 1e-4
"""Batches of another size may change a float's last bits, no more."""
ITEMS = 12
"""How many items are asked for in other batches and orders."""


class Finding(NamedTuple):
    """The outcome of one check: `problem` says what is wrong and how to mend it, "" when nothing is."""

    check: str
    problem: str = ""


def conform(registry: Registry, header: Header) -> Iterator[Finding]:
    """Check an entrant of the registry; findings come as they are made."""
    yield Finding("class attributes", _unannotated(header))
    context = get_context("forkserver")
    context.set_forkserver_preload(["harness.conformance", *registry.card(header.task).preload])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        yield from pool.submit(_examine, registry.card(header.task), header).result()
    yield from _run_twice(registry, header)


def _unannotated(header: Header) -> str:
    """Class attributes that look like parameters but are none, because they lack an annotation."""
    tree = ast.parse(header.path.read_text())
    (definition,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == header.class_name)
    names = [
        target.id
        for statement in definition.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id not in OWN and not target.id.startswith("_")
    ]
    if not names:
        return ""
    return f"{', '.join(names)} has no annotation, so it is no parameter; write `{names[0]}: int = ...` (or ClassVar)"


def _examine(card: Card, header: Header) -> list[Finding]:
    """The checks that look at the class itself; in a fresh process, so that importing it is the first time."""
    before = _global_state()
    cls = load_entrant(header)
    findings = [Finding("import leaves random state alone", _moved(before))]
    entrant = cls()
    declared = {name: parameter.default for name, parameter in header.parameters.items()}
    missing = declared.keys() ^ entrant.parameters.keys()
    findings.append(Finding("parameters are read from source", f"differ: {sorted(missing)}" if missing else ""))
    findings.append(Finding("picklable", _attempt(lambda: pickle.loads(pickle.dumps(entrant)))))
    findings += _ask_in_batches(card, header, entrant)
    return findings


def _ask_in_batches(card: Card, header: Header, entrant: Entrant) -> Iterator[Finding]:
    """Fit at the smoke tier, then ask for the same items in other batches and in another order."""
    task = load_task(card)
    for case in card.tiers["smoke"].cases:
        resolved = card.resolve("smoke", case)
        if inapplicable(header, resolved):
            continue
        run = Run(settings=resolved.settings, budget=resolved.budget, streams=Streams(card.task, 0))
        limits.seed_globals(run.seed("global"))
        problem = task.problem(case, run)
        if resolved.budget.total:
            entrant.fit(problem.train, run)
        yield Finding(f"{case}: budget obeyed", "" if run.spent <= run.budget.total else f"it spent {run.spent}")
        answers = partial(task.answers, entrant, problem.test)
        together = answers(np.arange(ITEMS))
        if together is None:
            continue
        apart = [answer for i in range(ITEMS) if (answer := answers(np.array([i]))) is not None]
        yield Finding(f"{case}: batch size changes nothing", _difference(together, np.concatenate(apart)))
        order = np.random.default_rng(0).permutation(ITEMS)
        turned = answers(order)
        assert turned is not None
        yield Finding(f"{case}: order changes nothing", _difference(together[order], turned))


def _difference(expected: np.ndarray, found: np.ndarray) -> str:
    if expected.shape != found.shape:
        return f"answers have shape {expected.shape} or {found.shape}, depending on the batch"
    if np.allclose(expected, found, rtol=TOLERANCE, atol=TOLERANCE):
        return ""
    worst = float(np.max(np.abs(expected.astype(float) - found.astype(float))))
    return f"the answer to an item depends on the others it is asked with (by up to {worst:.3g})"


def _run_twice(registry: Registry, header: Header) -> Iterator[Finding]:
    """Two smoke runs of one seed in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = (_smoke(registry, header, Path(folder) / name) for name in ("first", "second"))
    if not first:
        yield Finding("smoke run", "the smoke tier has no case for it")
    for cell, record in first.items():
        case = record.spec.case
        failure = f"{record.status}: {record.failure.message}" if record.failure else ""
        yield Finding(f"{case}: smoke run", failure)
        unlisted = record.origin.unlisted
        yield Finding(
            f"{case}: files in the key",
            f"it uses {', '.join(unlisted)}, which its key does not cover; import them plainly or name them in `files`"
            if unlisted
            else "",
        )
        same = _scores(record) == _scores(second[cell])
        yield Finding(
            f"{case}: same seed, same scores",
            "" if same or not header.deterministic else "draw from run.rng(...), or set `deterministic = False`",
        )


def _smoke(registry: Registry, header: Header, results: Path) -> Mapping[str, Record]:
    store = Store(results)
    selection = Selection(tier="smoke", tasks=[header.task], entrants=[header.name], seeds=1)
    plan = make_plan(registry, selection, store, gather(device="cpu", threads=1, pinned_allocator=True))
    LocalExecutor(preload=registry.card(header.task).preload).run(run.job for run in plan.runs)
    return {str(record.spec.cell): record for record in store.all()}


def _scores(record: Record) -> list[tuple[str, str, float]]:
    """All scores but timings."""
    return [
        (score.metric, str(sorted(score.at.items())), score.value)
        for score in record.scores
        if not record.metrics[score.metric].timing
    ]


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
