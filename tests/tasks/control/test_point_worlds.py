"""The raster worlds: what is drawn, how the point moves, what it is rewarded for, and what the oracle does."""

import numpy as np
import pytest

from harness.core.errors import UserError
from harness.tasks.control.data import POINTS
from harness.tasks.control.problems.environment import Observation, Spaces, Step, random_actions
from harness.tasks.control.problems.episodes import Episodes, FrameStack, Scale, World, anchors, checked_step, play
from harness.tasks.control.problems.point import Point, PointOptions, PointWorld
from harness.tasks.control.problems.raster import Raster
from harness.tasks.control.problems.transitions import collect


def a_world(name: str = "reach", side: int = 24, stack: int = 1) -> World:
    world = PointWorld(POINTS[name], side)
    return World(lambda: PointWorld(POINTS[name], side), world.spaces, stack)


def test_disc_and_ring_lie_where_they_are() -> None:
    """Centres of mass of the two colours, in the units of the world."""
    discs, rings = np.array([[0.3, -0.5], [-0.4, 0.1]]), np.array([[-0.2, 0.4], [0.5, 0.5]])
    pictures = Raster(48).draw(discs, rings).astype(float)
    places = (np.arange(48) + 0.5) / 24 - 1
    for channel, centres in ((0, discs), (1, rings)):
        ink = pictures[:, channel] / pictures[:, channel].sum(axis=(1, 2), keepdims=True)
        found = np.stack([(ink.sum(axis=1) * places).sum(axis=1), (ink.sum(axis=2) * places).sum(axis=1)], axis=1)
        assert np.allclose(found, centres, atol=0.01)
    assert not pictures[:, 2].any()


def test_a_move_of_less_than_a_pixel_changes_the_picture() -> None:
    raster = Raster(16)
    first, second = (raster.draw(np.array([[x, 0.0]]), None) for x in (0.0, 0.03))
    assert not np.array_equal(first, second)


def test_the_sum_of_rewards_is_that_of_distances_by_hand() -> None:
    point = Point(PointOptions(limit=15, speed=0.25, reward_width=0.8))
    states = point.move(np.array([[0.0, 0.0, 0.0, 0.0, 0.5, 0.0]]), np.array([[1.0, 0.0]]))
    assert states[0, :2].tolist() == [0.25, 0.0]
    assert point.reward(states)[0] == pytest.approx(np.exp(-(0.25**2) / 0.8**2))


def test_a_point_with_inertia_keeps_a_share_of_its_velocity_and_stops_at_the_edge() -> None:
    point = Point(PointOptions(limit=40, speed=0.25, reward_width=0.6, inertia=0.8))
    first = point.move(np.zeros((1, 6)), np.array([[1.0, 0.0]]))
    second = point.move(first, np.zeros((1, 2)))
    assert first[0, 2] == pytest.approx(0.05)
    assert second[0, 2] == pytest.approx(0.04)
    assert second[0, 0] == pytest.approx(0.09)
    for _ in range(60):
        second = point.move(second, np.array([[1.0, 0.0]]))
    assert second[0, 0] == 1.0
    assert second[0, 2] == 0.0


@pytest.mark.parametrize("name", POINTS)
def test_the_oracle_is_far_above_random_and_constant_actions(name: str) -> None:
    world = a_world(name)
    scale = anchors(world, seed=1, episodes=200)
    assert scale.oracle > scale.random + 0.45 * POINTS[name].limit
    candidates = range(world.spaces.actions) if world.spaces.discrete else np.array([[0, 0], [1, 0], [-1, -1]])
    for action in candidates:
        returns = play(world, lambda seen, action=action: np.array([action] * len(seen.state)), 1, 200).returns
        assert scale.normalise(returns).mean() < 0.25


@pytest.mark.parametrize("name", POINTS)
def test_episodes_are_truncated_at_the_limit_and_never_terminated(name: str) -> None:
    world = PointWorld(POINTS[name], 12)
    rng = np.random.default_rng(0)
    world.reset(rng, 3)
    for step in range(1, POINTS[name].limit + 1):
        taken = world.step(random_actions(world.spaces, 3, rng))
        assert not taken.terminated.any()
        assert taken.truncated.all() == (step == POINTS[name].limit)


def test_a_seed_draws_the_start_states_and_actions_do_not_change_them() -> None:
    world = a_world()
    episodes = Episodes(world, 5, 10, Scale(0, 1))
    before = episodes.starts()
    episodes.play(lambda seen: np.ones((len(seen.state), 2)))
    assert np.array_equal(before.state, episodes.starts().state)
    assert not np.array_equal(before.state, Episodes(world, 6, 10, Scale(0, 1)).starts().state)


def test_a_hidden_goal_is_not_drawn_and_never_moves() -> None:
    shown = PointWorld(POINTS["anchored"], 16).reset(np.random.default_rng(0), 20)
    assert not shown.pixels[:, 1:].any()
    assert len(np.unique(shown.state[:, 4:], axis=0)) == 1


def test_frames_are_stacked_from_the_beginning_on() -> None:
    stack = FrameStack(3)

    def frame(value: int) -> Observation:
        return Observation(np.full((2, 1, 1, 1), value, np.uint8), np.zeros((2, 0)))

    assert stack.begin(frame(1)).pixels[0].ravel().tolist() == [1, 1, 1]
    assert stack.add(frame(2)).pixels[0].ravel().tolist() == [1, 1, 2]
    assert stack.add(frame(3)).pixels[1].ravel().tolist() == [1, 2, 3]
    assert stack.begin(frame(9)).pixels[0].ravel().tolist() == [9, 9, 9]


def test_returns_are_sums_up_to_the_end_of_each_episode() -> None:
    class Uneven(PointWorld):
        """Episode i gives a reward of 1 a step and ends after i + 1 steps."""

        def step(self, actions: np.ndarray) -> Step:
            taken = super().step(actions)
            n = len(actions)
            return taken._replace(rewards=np.ones(n), terminated=self._steps >= np.arange(1, n + 1))

    environment = Uneven(POINTS["reach"], 8)
    played = play(World(lambda: environment, environment.spaces, 1), lambda seen: np.zeros((4, 2)), 0, 4)
    assert played.returns.tolist() == [1, 2, 3, 4]
    assert [film.shape for film in played.films] == [(2, 8, 8, 3), (3, 8, 8, 3), (4, 8, 8, 3)]


def test_normalised_returns_by_hand() -> None:
    assert Scale(5.0, 15.0).normalise(np.array([5.0, 10.0, 15.0])).tolist() == [0.0, 0.5, 1.0]


def test_an_oracle_that_is_no_better_than_chance_is_refused() -> None:
    class Lazy(PointWorld):
        def oracle(self, states: np.ndarray) -> np.ndarray:
            return -np.ones((len(states), 2))

    environment = Lazy(POINTS["reach"], 8)
    with pytest.raises(UserError, match="not above that of random actions"):
        anchors(World(lambda: environment, environment.spaces, 1), 0, 50)


@pytest.mark.parametrize(("reward", "state"), [(np.nan, 0.0), (np.inf, 0.0), (0.0, np.nan)])
def test_rewards_and_states_that_are_not_finite_are_refused(reward: float, state: float) -> None:
    shown = Observation(np.zeros((1, 3, 4, 4), np.uint8), np.array([[state]]))
    ends = np.array([False])
    with pytest.raises(UserError, match="not finite"):
        checked_step(Step(shown, np.array([reward]), ends, ends))


def test_true_values_are_discounted_sums_of_the_oracle_s_rewards() -> None:
    """Against a loop that plays on for 200 steps."""
    world = PointWorld(POINTS["reach"], 8)
    transitions = collect(world, 5, 0.8, np.random.default_rng(0))
    for i in range(5):
        state = world.point.move(transitions.now.state[i : i + 1].astype(float), transitions.actions[i : i + 1])
        value, weight = 0.0, 1.0
        for _ in range(200):
            value += weight * world.point.reward(state)[0]
            weight *= 0.8
            state = world.point.move(state, world.oracle(state))
        assert transitions.values[i] == pytest.approx(value, rel=1e-4)
    assert np.allclose(transitions.rewards, world.point.reward(transitions.later.state.astype(float)), atol=1e-5)


def test_random_actions_fit_their_spaces() -> None:
    rng = np.random.default_rng(0)
    numbers = random_actions(Spaces((3, 8, 8), 6, 2), 1000, rng)
    assert numbers.shape == (1000, 2)
    assert numbers.dtype == np.float32
    assert np.abs(numbers).max() <= 1
    choices = random_actions(Spaces((3, 8, 8), 6, 5, discrete=True), 1000, rng)
    assert set(choices.tolist()) == set(range(5))
