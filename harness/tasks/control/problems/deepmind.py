"""The DeepMind Control Suite, from pixels, as in the PlaNet benchmark."""

import os
from typing import Any, Final, NamedTuple

import numpy as np

from harness.core.errors import UserError
from harness.tasks.control.problems.environment import Environment, Observation, Spaces, Step
from harness.tasks.control.problems.episodes import Scale
from harness.tasks.control.problems.gym import INSTALL

STEPS: Final = 1000
"""Steps of the simulation in an episode, each with a reward between 0 and 1."""
SCALE: Final = Scale(0.0, float(STEPS))
GL: Final = (
    "install the system's package `libegl1` (or `libosmesa6`) and set MUJOCO_GL=egl (or osmesa) before the harness "
    "starts"
)


class Suite(NamedTuple):
    """A task of the suite: domain, task, and for how many steps of the simulation an action is repeated."""

    domain: str
    task: str
    repeat: int


PLANET: Final = {
    "cartpole_swingup": Suite("cartpole", "swingup", 8),
    "reacher_easy": Suite("reacher", "easy", 4),
    "cheetah_run": Suite("cheetah", "run", 4),
    "ball_in_cup_catch": Suite("ball_in_cup", "catch", 4),
    "finger_spin": Suite("finger", "spin", 2),
    "walker_walk": Suite("walker", "walk", 2),
}
"""The tasks of the PlaNet benchmark, with its action repeats."""


class DeepMindControl(Environment):
    """Episodes of a task of the suite, drawn on `side` x `side` pixels by its camera 0.

    With `cheap` rendering there are no multisampling, shadows, reflections and fog, so that a processor draws several
    times as many frames; the pictures differ a little. Raises `UserError` if the suite or a GL library is absent.
    """

    def __init__(self, suite: Suite, side: int, *, cheap: bool) -> None:
        self.repeat, self.limit = suite.repeat, -(-STEPS // suite.repeat)
        self._suite, self._side, self._cheap = suite, side, cheap
        environment = self._load(0)
        state = _state(environment.reset().observation)
        self.spaces = Spaces((3, side, side), len(state), environment.action_spec().shape[0])
        try:
            self._pixels(environment)
        except Exception as error:  # each GL backend fails with an error of its own
            raise UserError(f"DeepMind Control cannot draw, because no GL library works ({error}); {GL}") from error

    def reset(self, rng: np.random.Generator, episodes: int) -> Observation:
        self._environments = [self._load(int(rng.integers(2**31))) for _ in range(episodes)]
        return self._shown([environment.reset().observation for environment in self._environments])

    def step(self, actions: np.ndarray) -> Step:
        taken = [self._repeated(*pair) for pair in zip(self._environments, actions, strict=True)]
        observations, rewards, last, discounts = zip(*taken, strict=True)
        ended, lives_on = np.array(last), np.array(discounts) > 0
        return Step(self._shown(observations), np.array(rewards), ended & ~lives_on, ended & lives_on)

    def _load(self, seed: int) -> Any:
        os.environ.setdefault("MUJOCO_GL", "egl")
        try:
            from dm_control import suite
        except ImportError as error:
            raise UserError(f"DeepMind Control needs the package dm_control; {INSTALL}") from error
        environment = suite.load(self._suite.domain, self._suite.task, task_kwargs={"random": seed})
        if self._cheap:
            environment.physics.model.vis.quality.offsamples = 0
        return environment

    def _repeated(self, environment: Any, action: np.ndarray) -> tuple[Any, float, bool, float]:
        """Observation, reward, whether the episode ended, and discount, after an action for some steps."""
        spec, reward = environment.action_spec(), 0.0
        scaled = spec.minimum + (action.clip(-1, 1) + 1) / 2 * (spec.maximum - spec.minimum)
        for _ in range(self.repeat):
            step = environment.step(scaled)
            reward += step.reward or 0.0
            if step.last():
                break
        return step.observation, reward, step.last(), step.discount

    def _shown(self, observations: Any) -> Observation:
        pixels = np.stack([self._pixels(environment) for environment in self._environments])
        return Observation(pixels, np.stack([_state(observation) for observation in observations]))

    def _pixels(self, environment: Any) -> np.ndarray:
        """U8[3 side side]."""
        flags = dict.fromkeys(("shadow", "reflection", "fog"), False) if self._cheap else {}
        picture = environment.physics.render(self._side, self._side, camera_id=0, render_flag_overrides=flags)
        return np.ascontiguousarray(picture.transpose(2, 0, 1))


def _state(observation: Any) -> np.ndarray:
    return np.concatenate([np.ravel(value) for value in observation.values()]).astype(np.float32)
