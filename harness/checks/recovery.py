"""Whether an entrant that goes on from a checkpoint has the scores of one whose training was never stopped."""

import math
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harness.core import limits
from harness.core.card import Resolved
from harness.core.checkpoints import Checkpoints, Drawing, Stateful
from harness.core.entrant import Entrant
from harness.core.run import Run
from harness.core.seeds import Streams
from harness.core.task import Task

ADVICE = (
    "keep what the training remembers in the weights and buffers of modules, in the state that the task hands to you, "
    "or in the state that you name to `run.draw`"
)


def recovery_problem(task: Task[Entrant], cls: type[Entrant], resolved: Resolved) -> str:
    """What is wrong with the scores of a smoke run that is stopped after half of its budget and goes on from there; ""
    if nothing is, or if its training starts from the beginning."""
    with tempfile.TemporaryDirectory() as folder:
        stopping = _Stopping(Path(folder), resolved.case.id, "", 0.0, _be_silent)
        with suppress(_Stopped):
            _scores(task, cls(), resolved, stopping)
        if not stopping.has_stopped:
            return ""
        resumed = _scores(task, cls(), resolved, Checkpoints(Path(folder), resolved.case.id, "", math.inf, _be_silent))
    whole = _scores(task, cls(), resolved, None)
    differing = sorted({name for (name, point), value in whole.items() if resumed.get((name, point)) != value})
    return f"after a kill it goes on to another {', '.join(differing)}; {ADVICE}" if differing else ""


class _Stopped(BaseException):
    """The training was stopped."""


class _Stopping(Checkpoints):
    """Writes one checkpoint, as soon as half of the budget is spent, and stops the training."""

    has_stopped = False

    def write(self, loop: int, done: int, state: Mapping[str, Stateful], run: Drawing) -> None:
        if 2 * run.spent >= run.budget.total:
            super().write(loop, done, state, run)
            self.has_stopped = True
            raise _Stopped


def _scores(
    task: Task[Entrant], entrant: Entrant, resolved: Resolved, checkpoints: Checkpoints | None
) -> dict[tuple[str, str], float]:
    """All scores but timings of a smoke run of the first seed, by metric and point."""
    run = Run(
        settings=resolved.settings,
        budget=resolved.budget,
        streams=Streams(task.card.task, 0),
        checkpoints=checkpoints,
    )
    limits.seed_globals(run.seed("global"))
    problem = task.problem(resolved.case.id, run)
    entrant.fit(problem.train, run)
    scores = task.measure(entrant, problem.test, run.for_measuring())
    timings = {name for name, metric in task.card.metrics.items() if metric.timing}
    return {
        (score.metric, str(sorted(score.at.items()))): score.value for score in scores if score.metric not in timings
    }


def _be_silent(line: str) -> None:
    """What cannot be written shows in the scores."""
