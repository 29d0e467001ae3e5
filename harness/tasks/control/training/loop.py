"""The loop of interaction, the same for all agents: act, store, update, and be validated when it is due."""

import time
from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np
import torch

from harness.core.checkpoints import Stateful
from harness.core.errors import Diverged
from harness.run import Run
from harness.tasks.control.problems.environment import Observation, random_actions
from harness.tasks.control.problems.episodes import FrameStack, World, checked_step
from harness.tasks.control.training.priorities import PrioritisedReplay
from harness.tasks.control.training.replay import Replay
from harness.tasks.control.training.student import Learner, Losses, Student


def interact(world: World, student: Student[Learner], run: Run) -> None:
    """Let an agent learn by a run's settings until the budget of frames is spent.

    The first `random_steps` actions are random; then updates follow each step.
    """
    settings, log, rng = run.settings, student.log, run.rng("batches")
    actor = _Actor(world, student, run)
    repeat = actor.environment.repeat
    losses = Losses(run, run.budget.total // repeat)
    state: dict[str, Stateful] = {"actor": actor, "learner": student.learner, "log": log, "losses": losses}
    for step in run.draw(count(), repeat, state):
        started = time.perf_counter()
        actor.act(step)
        acted = time.perf_counter()
        for _ in range(student.updates if step + 1 >= settings["random_steps"] else 0):
            batch = actor.replay.sample(student.batch, rng, discount=settings["discount"], steps=student.n_step)
            loss = student.learner.update(batch, student.treatment(batch))
            actor.replay.learned(batch, loss)
            losses.add(loss.mean())
            log.updates += 1
        log.acting_s += acted - started
        log.learning_s += time.perf_counter() - acted
        log.frames = run.spent
        losses.log_if_due(step)
        run.validate_if_due()
    run.validate_if_due()


class _Actor:
    """Acts in the environment, an episode after the other, and stores what happens in the replay."""

    def __init__(self, world: World, student: Student[Learner], run: Run) -> None:
        self.environment, self._stack = world.make(), FrameStack(world.stack)
        self._student, self._run, self._random = student, run, run.rng("actions")
        self._starts = run.rng("episodes")
        shown = self.environment.reset(self._starts, 1)
        # An episode of s steps has s + 1 frames, so that there are at most twice as many frames as steps.
        frames = 2 * (run.budget.total // self.environment.repeat + 1)
        replay = PrioritisedReplay if student.prioritised else Replay
        self.replay = replay(
            student.sight.look(shown)[0],
            random_actions(world.spaces, 1, np.random.default_rng(0))[0],
            capacity=min(frames, run.settings["replay_frames"]),
            stack=student.sight.stack,
            pad=student.sight.pad,
            device=run.device,
        )
        self._begin(shown)
        self._actions: list[np.ndarray] = []

    def act(self, step: int) -> None:
        """Take one action, store what it led to, and begin a new episode if this one ended. Raises `Diverged` if the
        agent's action is not finite."""
        action = self._action(step)
        if not np.isfinite(action).all():
            raise Diverged(f"the action is {action[0]} after {step} steps")
        self._actions.append(action)
        self._take(action)

    def state_dict(self) -> dict[str, Any]:
        """The actions that were taken, the return of the present episode, and what learning changed in the replay."""
        actions = torch.from_numpy(np.array(self._actions))
        return {"actions": actions, "return": self._return, "replay": self.replay.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take the same actions again, which leads to the same environment and to the same replay. Raises `ValueError`
        if the environment then gives other rewards."""
        self._actions = list(state_dict["actions"].numpy())
        for action in self._actions:
            self._take(action)
        if self._return != state_dict["return"]:
            raise ValueError("the same actions led to other rewards")
        self.replay.load_state_dict(state_dict["replay"])

    def _take(self, action: np.ndarray) -> None:
        taken = checked_step(self.environment.step(action))
        reward, terminated = float(taken.rewards[0]), bool(taken.terminated[0])
        self.replay.add(action[0], reward, self._look(taken.observation)[0], terminated=terminated)
        self._seen = self._stack.add(taken.observation)
        self._return += reward
        if terminated or taken.truncated[0]:
            self._student.log.returns.append(self._return)
            self._begin(self.environment.reset(self._starts, 1))

    def _action(self, step: int) -> np.ndarray:
        if step < self._run.settings["random_steps"]:
            return random_actions(self.environment.spaces, 1, self._random)
        return self._student.learner.explore(self._student.see(self._seen), step)

    def _begin(self, shown: Observation) -> None:
        self._seen, self._return = self._stack.begin(shown), 0.0
        self.replay.begin(self._look(shown)[0])

    def _look(self, observation: Observation) -> np.ndarray:
        return self._student.sight.look(observation)
