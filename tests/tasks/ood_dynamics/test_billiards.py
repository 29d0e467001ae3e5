"""Balls in a box: collisions are elastic, at their exact times, and no box knows of another."""

import numpy as np
import pytest

from harness.tasks.ood_dynamics.problems.billiards import Balls, advance, scatter, simulate

BOXES, COUNT = 60, 5
RADIUS, SPEED = (0.05, 0.11), (0.1, 0.4)


@pytest.fixture(scope="module")
def start() -> Balls:
    return scatter(BOXES, COUNT, RADIUS, SPEED, np.random.default_rng(0))


def energy(balls: Balls) -> np.ndarray:
    return (balls.mass * (balls.velocity**2).sum(axis=-1)).sum(axis=1) / 2


def pair(place: list[list[float]], velocity: list[list[float]], radius: list[float]) -> Balls:
    return Balls(np.array([place]), np.array([velocity]), np.array([radius]))


def test_energy_is_conserved(start: Balls) -> None:
    after = advance(start, 30.0)
    assert not np.allclose(after.velocity, start.velocity)
    np.testing.assert_allclose(energy(after), energy(start), rtol=1e-10)


def test_collisions_conserve_momentum_and_energy() -> None:
    before = pair([[0.3, 0.5], [0.6, 0.54]], [[0.2, 0.0], [-0.1, 0.01]], [0.05, 0.1])
    after = advance(before, 1.2)
    assert not np.allclose(after.velocity, before.velocity)
    momentum = [(balls.mass[..., None] * balls.velocity).sum(axis=1) for balls in (before, after)]
    np.testing.assert_allclose(*momentum, atol=1e-12)
    np.testing.assert_allclose(energy(after), energy(before), rtol=1e-12)


def test_equal_balls_that_meet_head_on_exchange_velocities_at_the_exact_time() -> None:
    after = advance(pair([[0.3, 0.5], [0.7, 0.5]], [[0.3, 0.0], [-0.1, 0.0]], [0.1, 0.1]), 1.0)
    # They touch when the gap of 0.2 is closed at 0.4 a unit of time: after half a unit, at 0.45 and 0.65.
    np.testing.assert_allclose(after.velocity, [[[-0.1, 0.0], [0.3, 0.0]]], atol=1e-12)
    np.testing.assert_allclose(after.position, [[[0.40, 0.5], [0.80, 0.5]]], atol=1e-12)


def test_a_heavy_ball_throws_a_light_one_back() -> None:
    before = pair([[0.3, 0.5], [0.5, 0.5]], [[0.1, 0.0], [0.0, 0.0]], [0.1, 0.05])
    after = advance(before, 0.6)
    heavy, light = before.mass[0]
    assert after.velocity[0, 0, 0] == pytest.approx(0.1 * (heavy - light) / (heavy + light))
    assert after.velocity[0, 1, 0] == pytest.approx(0.1 * 2 * heavy / (heavy + light))


def test_a_wall_turns_one_axis_round() -> None:
    after = advance(pair([[0.8, 0.5]], [[0.2, 0.1]], [0.1]), 1.0)
    np.testing.assert_allclose(after.velocity, [[[-0.2, 0.1]]])
    np.testing.assert_allclose(after.position, [[[0.8, 0.6]]])


def test_balls_stay_in_the_box_and_apart(start: Balls) -> None:
    places = simulate(start, 40)
    r = start.radius[:, None, :, None]
    assert (places >= r - 1e-9).all()
    assert (places <= 1 - r + 1e-9).all()
    for i in range(COUNT):
        for j in range(i):
            apart = np.linalg.norm(places[:, :, i] - places[:, :, j], axis=-1)
            assert (apart >= (start.radius[:, i] + start.radius[:, j])[:, None] - 1e-9).all()


def test_time_can_be_turned_back(start: Balls) -> None:
    later = advance(start, 2.0)
    back = advance(later._replace(velocity=-later.velocity), 2.0)
    np.testing.assert_allclose(back.position, start.position, atol=1e-8)


def test_a_box_goes_its_way_whatever_others_do(start: Balls) -> None:
    alone = Balls(*(part[7:8] for part in start))
    np.testing.assert_array_equal(advance(alone, 5.0).position, advance(start, 5.0).position[7:8])


def test_balls_start_anywhere_in_the_box() -> None:
    balls = scatter(3000, 1, RADIUS, SPEED, np.random.default_rng(0))
    share = ((balls.position - balls.radius[..., None]) / (1 - 2 * balls.radius[..., None]))[:, 0]
    np.testing.assert_allclose(share.mean(axis=0), 0.5, atol=0.02)
    np.testing.assert_allclose(np.cov(share.T), np.eye(2) / 12, atol=0.006)


def test_a_crowded_box_is_filled() -> None:
    balls = scatter(200, 8, (0.09, 0.09), SPEED, np.random.default_rng(0))
    apart = np.linalg.norm(balls.position[:, :, None] - balls.position[:, None], axis=-1) + np.eye(8)
    assert apart.min() > 0.18


def test_balls_start_apart_within_their_bounds(start: Balls) -> None:
    pace = np.linalg.norm(start.velocity, axis=-1)
    assert RADIUS[0] <= start.radius.min() <= start.radius.max() <= RADIUS[1]
    assert SPEED[0] <= pace.min() <= pace.max() <= SPEED[1]
