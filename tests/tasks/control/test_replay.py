"""The replay: each frame is stored once, crops are those of a loop, and transitions are those that happened."""

import numpy as np
import pytest
import torch
from scipy import stats

from harness.tasks.control.training.replay import Frames, Replay

SIDE = 12


def a_frame(value: int, channels: int = 3) -> np.ndarray:
    return np.full((channels, SIDE, SIDE), value, dtype=np.uint8)


def random_replay(frames: int, pad: int = 4, stack: int = 1, seed: int = 0) -> Replay:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(256, size=(frames, 3, SIDE, SIDE), dtype=np.uint8)
    replay = Replay(drawn[0], np.zeros(2, np.float32), capacity=frames, pad=pad, stack=stack)
    replay.begin(drawn[0])
    for frame in drawn[1:]:
        replay.add(np.zeros(2, np.float32), 0.0, frame, terminated=False)
    return replay


def numbered(episodes: list[int], *, capacity: int = 100, stack: int = 1, terminated: bool = False) -> Replay:
    """Episodes of so many steps; frames have the numbers of their insertion, and a reward is that of the frame that it
    follows."""
    replay = Replay(a_frame(0), np.zeros((), np.int64), capacity=capacity, stack=stack)
    number = 0
    for steps in episodes:
        replay.begin(a_frame(number))
        for step in range(steps):
            number += 1
            ends = terminated and step == steps - 1
            replay.add(np.array(number - 1), number - 1, a_frame(number), terminated=ends)
        number += 1
    return replay


def shifted_in_a_loop(image: np.ndarray, pad: int, down: int, across: int) -> np.ndarray:
    padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)), mode="edge")
    return padded[:, down : down + image.shape[1], across : across + image.shape[2]]


def test_crops_equal_a_loop_over_observations_bit_for_bit() -> None:
    rng = np.random.default_rng(1)
    replay = random_replay(40, stack=3)
    batch = replay.sample(25, rng, discount=0.9)
    offsets = rng.integers(9, size=(25, 2))
    cropped = batch.now.crop(offsets).numpy()
    whole = batch.now.centre().numpy()
    for one, image, (down, across) in zip(cropped, whole, offsets, strict=True):
        assert np.array_equal(one, shifted_in_a_loop(image, 4, down, across))


def test_the_middle_offset_is_the_identity_and_the_middle_is_in_every_crop() -> None:
    replay = random_replay(10)
    frames = replay.sample(1, np.random.default_rng(0), discount=0.9).now
    whole = frames.crop(np.array([[4, 4]]))[0]
    assert torch.equal(whole, frames.centre()[0])
    for down in range(9):
        for across in range(9):
            crop = frames.crop(np.array([[down, across]]))[0]
            middle = crop[:, 8 - down : 12 - down, 8 - across : 12 - across]
            assert torch.equal(middle, whole[:, 4:8, 4:8])


def test_the_81_offsets_are_equally_likely() -> None:
    """Each pixel of an image has a value of its own, so that the first one of a crop tells the offset."""
    values = np.arange(SIDE * SIDE, dtype=np.int32).reshape(1, SIDE, SIDE)
    replay = Replay(values, np.zeros(1, np.float32), capacity=2, pad=4)
    replay.begin(values)
    replay.add(np.zeros(1, np.float32), 0.0, values, terminated=False)
    n = 20_000
    frames = replay.sample(n, np.random.default_rng(0), discount=0.9).now
    middle = frames.crop_at_random(np.random.default_rng(2))[:, 0, 4, 4].numpy()
    counts = np.unique(middle, return_counts=True)[1]
    assert len(counts) == 81
    assert stats.chisquare(counts).pvalue > 0.001


def test_all_channels_and_frames_of_an_observation_move_alike() -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(256, size=(SIDE, SIDE), dtype=np.uint8)
    image = np.stack([grey] * 3)
    replay = Replay(image, np.zeros(1, np.float32), capacity=9, stack=3, pad=4)
    replay.begin(image)
    for _ in range(8):
        replay.add(np.zeros(1, np.float32), 0.0, image, terminated=False)
    moved = replay.sample(50, rng, discount=0.9).now.crop_at_random(rng)
    assert moved.shape == (50, 9, SIDE, SIDE)
    assert (moved == moved[:, :1]).all()
    assert len({tuple(one.flatten().tolist()) for one in moved[:, 0]}) > 10


def test_a_constant_image_stays_and_the_dtype_is_kept() -> None:
    replay = Replay(a_frame(7), np.zeros(1, np.float32), capacity=2, pad=4)
    replay.begin(a_frame(7))
    replay.add(np.zeros(1, np.float32), 0.0, a_frame(7), terminated=False)
    moved = replay.sample(9, np.random.default_rng(0), discount=0.9).now.crop_at_random(np.random.default_rng(1))
    assert moved.dtype == torch.uint8
    assert (moved == 7).all()


def test_two_calls_move_differently() -> None:
    frames = random_replay(30).sample(16, np.random.default_rng(0), discount=0.9).now
    rng = np.random.default_rng(1)
    assert not torch.equal(frames.crop_at_random(rng), frames.crop_at_random(rng))


def test_each_frame_is_stored_once() -> None:
    """Thirty steps of stacks of four are 31 frames; observations are views of them."""
    replay = random_replay(31, stack=4)
    assert len(replay) == 31
    frames = replay.sample(8, np.random.default_rng(0), discount=0.9).now
    assert isinstance(frames, Frames)
    assert frames.windows.base is not None
    stored = 31 * 3 * (SIDE + 8) ** 2
    assert replay._frames.nbytes == stored


def test_stacks_repeat_the_first_frame_and_never_reach_into_another_episode() -> None:
    replay = numbered([3, 3], stack=3)
    batch = replay.sample(200, np.random.default_rng(0), discount=0.9)
    seen = {tuple(row) for row in batch.now.centre()[:, ::3, 0, 0].tolist()}
    assert seen == {(0, 0, 0), (0, 0, 1), (0, 1, 2), (4, 4, 4), (4, 4, 5), (4, 5, 6)}
    later = {tuple(row) for row in batch.later.centre()[:, ::3, 0, 0].tolist()}
    assert later == {(0, 0, 1), (0, 1, 2), (1, 2, 3), (4, 4, 5), (4, 5, 6), (5, 6, 7)}


def test_transitions_are_those_that_happened() -> None:
    replay = numbered([5, 2, 4])
    batch = replay.sample(300, np.random.default_rng(0), discount=0.5)
    now, later = (frames.centre()[:, 0, 0, 0].long() for frames in (batch.now, batch.later))
    assert torch.equal(later, now + 1)
    assert torch.equal(batch.actions, now)
    assert torch.equal(batch.rewards.long(), now)
    assert set(now.tolist()) == {0, 1, 2, 3, 4, 6, 7, 9, 10, 11, 12}


def test_transitions_are_drawn_uniformly() -> None:
    replay = numbered([5, 2, 4])
    drawn = replay.sample(22_000, np.random.default_rng(3), discount=0.5).rows
    counts = np.unique(drawn, return_counts=True)[1]
    assert len(counts) == 11
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("terminated", [False, True])
def test_what_was_truncated_bootstraps_and_what_terminated_does_not(terminated: bool) -> None:
    batch = numbered([3], terminated=terminated).sample(100, np.random.default_rng(0), discount=0.9)
    is_last = batch.rows == 2
    assert is_last.any()
    assert np.allclose(batch.discounts.numpy(), np.where(is_last & terminated, 0, 0.9))


@pytest.mark.parametrize("terminated", [False, True])
def test_three_steps_end_with_the_episode(terminated: bool) -> None:
    """Rewards are 0, 1, 2, 3: from step 2 on, 2 + .5 * 3, and nothing (or the rest at .25) afterwards."""
    batch = numbered([4, 4], terminated=terminated).sample(200, np.random.default_rng(0), discount=0.5, steps=3)
    found = {
        int(row): (float(r), float(d)) for row, r, d in zip(batch.rows, batch.rewards, batch.discounts, strict=True)
    }
    rest = 0.0 if terminated else 1.0
    assert found[0] == (0 + 0.5 * 1 + 0.25 * 2, 0.125)
    assert found[1] == (1 + 0.5 * 2 + 0.25 * 3, 0.125 * rest)
    assert found[2] == (2 + 0.5 * 3, 0.25 * rest)
    assert found[3] == (3.0, 0.5 * rest)
    assert set(found) == {0, 1, 2, 3, 5, 6, 7, 8}
    later = batch.later.centre()[batch.rows == 2, 0, 0, 0]
    assert (later == 4).all()


def test_only_the_last_frames_are_kept() -> None:
    replay = numbered([10, 10, 10], capacity=12, stack=3)
    assert len(replay) == 12
    batch = replay.sample(500, np.random.default_rng(0), discount=0.9)
    assert set(batch.rows.tolist()) == {23, 24, 25, 26, 27, 28, 29, 30, 31}
    newest = batch.now.centre()[:, 6, 0, 0].numpy()
    assert np.array_equal(newest, batch.rows)


def test_a_replay_without_transitions_is_refused() -> None:
    replay = Replay(a_frame(0), np.zeros(1, np.float32), capacity=4)
    replay.begin(a_frame(0))
    with pytest.raises(ValueError, match="holds no transition"):
        replay.sample(1, np.random.default_rng(0), discount=0.9)
