"""Transitions that are drawn by their losses, and what they weigh."""

import numpy as np
import pytest
import torch
from scipy import stats

from harness.core.errors import Diverged
from harness.tasks.control.training.priorities import PrioritisedReplay

STEPS = 4


def a_replay(capacity: int = 20) -> PrioritisedReplay:
    """Episodes of four steps and of one."""
    frame = np.zeros((1, 2, 2), np.uint8)
    replay = PrioritisedReplay(frame, np.zeros(1, np.float32), capacity=capacity)
    for steps in (STEPS, 1):
        replay.begin(frame)
        for _ in range(steps):
            replay.add(np.zeros(1, np.float32), 0.0, frame, terminated=False)
    return replay


def with_losses(replay: PrioritisedReplay, losses: list[float], first: int = 0) -> None:
    """Let the transitions from `first` on have these losses."""
    drawn = replay.sample(len(losses), np.random.default_rng(0), discount=0.9)
    replay.learned(drawn._replace(rows=first + np.arange(len(losses))), torch.tensor(losses))


def test_transitions_are_drawn_in_proportion_to_the_root_of_their_losses() -> None:
    replay = a_replay()
    with_losses(replay, [1.0, 4.0, 0.0, 9.0])
    rows = replay.sample(20_000, np.random.default_rng(1), discount=0.9).rows
    counts = np.bincount(rows, minlength=7)
    # The last frames of the episodes are 4 and 6.
    assert counts[[2, 4, 6]].sum() == 0
    assert stats.chisquare(counts[[0, 1, 3, 5]], 20_000 * np.array([1, 2, 3, 1]) / 7).pvalue > 0.001


def test_a_new_transition_has_the_greatest_priority_so_far() -> None:
    replay = a_replay()
    with_losses(replay, [1.0, 4.0, 0.0, 9.0])
    with_losses(replay, [1.0, 1.0, 1.0, 1.0])
    frame = np.zeros((1, 2, 2), np.uint8)
    replay.begin(frame)
    replay.add(np.zeros(1, np.float32), 0.0, frame, terminated=False)
    rows = replay.sample(20_000, np.random.default_rng(1), discount=0.9).rows
    counts = np.unique(rows, return_counts=True)[1]
    assert stats.chisquare(counts, 20_000 * np.array([1, 1, 1, 1, 1, 3]) / 8).pvalue > 0.001


def test_weights_are_relative_and_undo_half_of_the_priorities() -> None:
    replay = a_replay()
    with_losses(replay, [1.0, 16.0, 1.0, 1.0, 0.0, 1.0])
    batch = replay.sample(200, np.random.default_rng(0), discount=0.9)
    assert isinstance(batch.weights, torch.Tensor)
    assert batch.weights.dtype == torch.float32
    # The priority 4 has half the weight of the priority 1.
    assert np.allclose(batch.weights, np.where(batch.rows == 1, 0.5, 1.0))


def test_before_anything_is_learned_all_transitions_are_alike() -> None:
    batch = a_replay().sample(10_000, np.random.default_rng(0), discount=0.9)
    assert (torch.as_tensor(batch.weights) == 1).all()
    counts = np.unique(batch.rows, return_counts=True)[1]
    assert len(counts) == STEPS + 1
    assert stats.chisquare(counts).pvalue > 0.001


def test_a_new_frame_forgets_the_priority_of_the_one_that_it_replaces() -> None:
    replay = a_replay(capacity=7)
    with_losses(replay, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    frame = np.zeros((1, 2, 2), np.uint8)
    for _ in range(3):
        replay.begin(frame)
        replay.add(np.zeros(1, np.float32), 0.0, frame, terminated=False)
    rows = replay.sample(500, np.random.default_rng(0), discount=0.9).rows
    assert set(rows.tolist()) == {7, 9, 11}


def test_a_loss_that_is_not_finite_diverges() -> None:
    with pytest.raises(Diverged, match="not finite"):
        with_losses(a_replay(), [float("nan")])


def test_a_replay_without_transitions_is_refused() -> None:
    frame = np.zeros((1, 2, 2), np.uint8)
    replay = PrioritisedReplay(frame, np.zeros(1, np.float32), capacity=4)
    replay.begin(frame)
    with pytest.raises(ValueError, match="holds no transition"):
        replay.sample(1, np.random.default_rng(0), discount=0.9)
