"""Films of balls: what is drawn is where the balls are."""

import numpy as np

from harness.tasks.ood_dynamics.problems.films import BallFilms, curtain_mask, draw_frames


def test_a_disc_has_its_area_and_its_centre() -> None:
    place = np.array([[[[0.25, 0.6]]]])
    (frame,) = draw_frames(place, np.array([[0.1]]), 200)[0]
    down, right = np.nonzero(frame)
    assert abs(frame.mean() - np.pi * 0.01) < 1e-3
    np.testing.assert_allclose([(down.mean() + 0.5) / 200, (right.mean() + 0.5) / 200], [0.25, 0.6], atol=1e-3)


def test_more_balls_are_more_ink() -> None:
    films = [recipe(balls).build()["frames"] for balls in (1, 4)]
    assert set(np.unique(films[1])) == {0, 1}
    assert films[1].shape == (20, 6, 16, 16)
    assert 3 * films[0].mean() < films[1].mean() < 5 * films[0].mean()


def test_balls_move() -> None:
    frames = recipe(2).build()["frames"]
    assert (frames[:, 0] != frames[:, -1]).any(axis=(1, 2)).all()


def test_a_curtain_hides_the_middle_third() -> None:
    visible = curtain_mask(9)
    assert visible[:, :3].all()
    assert visible[:, 6:].all()
    assert not visible[:, 3:6].any()


def recipe(balls: int) -> BallFilms:
    return BallFilms(
        version=1, seed=0, films=20, frames=6, side=16, balls=balls, radius=(0.08, 0.1), speed=(0.05, 0.08)
    )
