"""A generator depends on the numbers that it resamples and on nothing else."""

import numpy as np

from harness.stats.resampling import generator


def test_the_stream_is_fixed_for_all_time() -> None:
    assert generator([1.0, 2.0, 3.0]).integers(0, 1000, 4).tolist() == [674, 305, 610, 429]


def test_equal_numbers_give_equal_streams() -> None:
    ints, floats = generator(np.array([0, 1], dtype=np.int32)), generator([-0.0, 1.0])
    assert ints.random() == floats.random()


def test_shape_and_grouping_are_part_of_the_stream() -> None:
    draws = {generator(*samples).random() for samples in ([[1, 2, 3, 4]], [[[1, 2], [3, 4]]], [[1, 2], [3, 4]])}
    assert len(draws) == 3


def test_the_global_state_is_neither_read_nor_changed() -> None:
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    first = generator([1.0]).random()
    np.random.seed(6)
    assert generator([1.0]).random() == first
    np.random.seed(5)
    assert np.array_equal(np.random.get_state()[1], before)
