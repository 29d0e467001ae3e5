"""Environments of Gymnasium, Atari and the DeepMind Control Suite: spaces, ends, and what is absent."""

import builtins
import importlib.util
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from gymnasium.vector import SyncVectorEnv

from harness.core.errors import UserError
from harness.tasks.control.problems import deepmind
from harness.tasks.control.problems.atari import HUMAN, atari
from harness.tasks.control.problems.deepmind import PLANET, DeepMindControl
from harness.tasks.control.problems.gym import GymEnvironment

PICTURES = Box(0, 255, (8, 6, 3), np.uint8)


class Counting(gymnasium.Env[Any, Any]):
    """Shows the number of its steps, gives the action as reward, and ends after `ends` steps."""

    def __init__(self, shows: Any = PICTURES, takes: Any = None, ends: int = 3) -> None:
        self.observation_space = shows
        self.action_space = Box(-2.0, 6.0, (1,)) if takes is None else takes
        self._ends = ends

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._steps, self._start = 0, int(self.np_random.integers(100))
        return self._shown(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._steps += 1
        return self._shown(), float(np.ravel(action)[0]), self._steps >= self._ends, False, {}

    def _shown(self) -> Any:
        picture = np.full((8, 6, 3), self._start + self._steps, np.uint8)
        if isinstance(self.observation_space, Dict):
            return {"pixels": picture, "state": np.array([self._steps, 0.5])}
        return picture


def adapted(limit: int = 10, **options: Any) -> GymEnvironment:
    return GymEnvironment(lambda n: SyncVectorEnv([lambda: Counting(**options)] * n), limit)


def test_pictures_come_with_their_channels_first() -> None:
    environment = adapted()
    assert environment.spaces == ((3, 8, 6), 0, 1, False)
    shown = environment.reset(np.random.default_rng(0), 4)
    assert shown.pixels.shape == (4, 3, 8, 6)
    assert shown.state.shape == (4, 0)


def test_dictionaries_show_pixels_and_a_state() -> None:
    shows = Dict({"pixels": PICTURES, "state": Box(-np.inf, np.inf, (2,))})
    environment = adapted(shows=shows)
    assert environment.spaces.state == 2
    environment.reset(np.random.default_rng(0), 2)
    assert environment.step(np.zeros((2, 1))).observation.state.tolist() == [[1.0, 0.5]] * 2


def test_actions_are_scaled_to_the_bounds() -> None:
    environment = adapted()
    environment.reset(np.random.default_rng(0), 3)
    assert environment.step(np.array([[-1.0], [0.0], [5.0]])).rewards.tolist() == [-2.0, 2.0, 6.0]


def test_what_was_shown_stays_as_it_was() -> None:
    environment = adapted()
    first = environment.reset(np.random.default_rng(0), 1)
    before = first.pixels.copy()
    environment.step(np.zeros((1, 1)))
    assert np.array_equal(first.pixels, before)


def test_equal_generators_give_equal_starts() -> None:
    first, again, other = (adapted().reset(np.random.default_rng(seed), 2).pixels for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_environment_that_ends_is_terminated() -> None:
    environment = adapted(ends=2)
    environment.reset(np.random.default_rng(0), 1)
    ends = [environment.step(np.zeros((1, 1))) for _ in range(2)]
    assert [bool(step.terminated[0]) for step in ends] == [False, True]
    assert not any(step.truncated[0] for step in ends)


def test_an_environment_that_never_ends_is_truncated_at_the_limit() -> None:
    environment = adapted(limit=4, ends=10**9)
    environment.reset(np.random.default_rng(0), 1)
    ends = [environment.step(np.zeros((1, 1))) for _ in range(4)]
    assert [bool(step.truncated[0]) for step in ends] == [False, False, False, True]
    assert not any(step.terminated[0] for step in ends)


@pytest.mark.parametrize(
    "options",
    [
        {"shows": Box(-1, 1, (4,))},
        {"shows": Box(0, 1, (8, 8, 3), np.float32)},
        {"shows": Dict({"state": Box(-1, 1, (2,))})},
        {"takes": Box(-np.inf, np.inf, (2,))},
        {"takes": MultiDiscrete([2, 2])},
        {"takes": Discrete(3, start=1)},
    ],
    ids=["vector", "floats", "no pixels", "unbounded", "several choices", "from one"],
)
def test_other_spaces_are_refused_in_one_line(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="allowed are pictures") as error:
        adapted(**options)
    assert "\n" not in str(error.value)


def without(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a package were not installed."""
    imported = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == module:
            raise ImportError(f"No module named '{module}'")
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("ale_py", lambda: atari("pong", 42, training=True)),
        ("dm_control", lambda: DeepMindControl(PLANET["cartpole_swingup"], 16, cheap=True)),
    ],
)
def test_what_is_not_installed_is_named_with_its_extra(
    module: str, make: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(module, monkeypatch)
    with pytest.raises(UserError, match=r"pip install 'tenfold-bench\[control\]'") as error:
        make()
    assert "\n" not in str(error.value)


@pytest.fixture
def suite() -> None:
    if importlib.util.find_spec("dm_control") is None:
        pytest.skip("dm_control is not installed: pip install 'tenfold-bench[control]'")


@pytest.mark.usefixtures("suite")
def test_a_missing_gl_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_renderer(self: DeepMindControl, environment: object) -> np.ndarray:
        raise RuntimeError("No OpenGL rendering backend is available.")

    monkeypatch.setattr(DeepMindControl, "_pixels", no_renderer)
    with pytest.raises(UserError, match=r"libegl1.*MUJOCO_GL=egl") as error:
        DeepMindControl(PLANET["cartpole_swingup"], 16, cheap=True)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("suite")
def test_the_suite_s_episodes_have_a_thousand_steps_and_are_truncated() -> None:
    try:
        environment = DeepMindControl(PLANET["cartpole_swingup"], 16, cheap=True)
    except UserError as error:
        pytest.skip(str(error))
    assert environment.spaces == ((3, 16, 16), 5, 1, False)
    assert (environment.repeat, environment.limit) == (8, 125)
    shown = environment.reset(np.random.default_rng(0), 1)
    assert shown.pixels.any()
    steps = [environment.step(np.zeros((1, 1))) for _ in range(125)]
    assert [bool(step.truncated[0]) for step in steps] == [False] * 124 + [True]
    assert not any(step.terminated[0] for step in steps)
    assert 0 <= sum(float(step.rewards[0]) for step in steps) <= deepmind.STEPS


def test_atari_games_show_grey_pictures_for_four_frames_a_step() -> None:
    pytest.importorskip("ale_py", reason="pip install 'tenfold-bench[control]'")
    environment = atari("pong", 42, training=True)
    assert environment.spaces == ((1, 42, 42), 0, 6, True)
    assert environment.repeat == 4
    assert environment.reset(np.random.default_rng(0), 2).pixels.shape == (2, 1, 42, 42)
    assert environment.step(np.array([0, 1])).rewards.tolist() == [0.0, 0.0]


def test_human_normalised_scores_of_drq_are_the_published_ones() -> None:
    """From the returns of each game: median .268, mean .357."""
    drq = {
        **{"alien": 771.2, "amidar": 102.8, "assault": 452.4, "asterix": 603.5, "bank_heist": 168.9},
        **{"battle_zone": 12954, "boxing": 6.0, "breakout": 16.1, "chopper_command": 780.3, "crazy_climber": 20516.5},
        **{"demon_attack": 1113.4, "freeway": 9.8, "frostbite": 331.1, "gopher": 636.3, "hero": 3736.3},
        **{"jamesbond": 236, "kangaroo": 940.6, "krull": 4018.1, "kung_fu_master": 9111, "ms_pacman": 960.5},
        **{"pong": -8.5, "private_eye": -13.6, "qbert": 854.4, "road_runner": 8895.1, "seaquest": 301.2},
        "up_n_down": 3180.8,
    }
    assert drq.keys() == HUMAN.keys()
    scores = [HUMAN[game].normalise(np.array([value]))[0] for game, value in drq.items()]
    assert np.median(scores) == pytest.approx(0.268, abs=0.001)
    assert np.mean(scores) == pytest.approx(0.357, abs=0.001)
