"""Policy evaluation on a fixed replay: critics learn the values of a known policy, without environment or actor."""

import time

import numpy as np
import torch

from harness.core.checkpoints import Stateful
from harness.run import Run
from harness.tasks.control.problems.sight import Sight
from harness.tasks.control.problems.transitions import FixedReplay
from harness.tasks.control.training.replay import Replay
from harness.tasks.control.training.sac import Sac
from harness.tasks.control.training.student import Losses, Student


def evaluate_policy(fixed: FixedReplay, student: Student[Sac], run: Run) -> None:
    """Let critics learn from a fixed replay, an update for each unit of the budget."""
    replay, rng, log = _filled(fixed, student.sight, run.device), run.rng("batches"), student.log
    policy = torch.from_numpy(np.repeat(fixed.transitions.later_actions, 2, axis=0)).to(run.device)
    losses = Losses(run, run.budget.total)
    state: dict[str, Stateful] = {"learner": student.learner, "log": log, "losses": losses}
    for step in run.draw(range(run.budget.total), 1, state):
        started = time.perf_counter()
        batch = replay.sample(student.batch, rng, discount=run.settings["discount"])
        losses.add(student.learner.update_values(batch, student.treatment(batch), policy[batch.rows]))
        log.learning_s += time.perf_counter() - started
        log.updates += 1
        losses.log_if_due(step)
        run.validate_if_due()
    run.validate_if_due()


def _filled(fixed: FixedReplay, sight: Sight, device: str) -> Replay:
    """A replay of the transitions, each an episode of two frames, numbered 2i and 2i + 1."""
    transitions = fixed.transitions
    before, after = sight.look(transitions.now), sight.look(transitions.later)
    replay = Replay(before[0], transitions.actions[0], capacity=2 * len(transitions), pad=sight.pad, device=device)
    for i, action in enumerate(transitions.actions):
        replay.begin(before[i])
        replay.add(action, float(transitions.rewards[i]), after[i], terminated=False)
    return replay
