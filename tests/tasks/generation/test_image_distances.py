"""The kernel distance, neighbourhoods and class scores against their definitions."""

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import poly_mmd

from harness.tasks.generation.scores.kernel import kernel_distance
from harness.tasks.generation.scores.manifolds import compare_manifolds
from harness.tasks.generation.scores.quality import class_score
from harness.tasks.generation.scores.samplers import sliced

RNG = np.random.default_rng(0)


def test_kernel_distance_is_that_of_torchmetrics() -> None:
    real, generated = RNG.standard_normal((60, 5)), RNG.standard_normal((60, 5)) + 0.3
    expected = poly_mmd(torch.tensor(real), torch.tensor(generated))
    assert kernel_distance(real, generated) == pytest.approx(float(expected), rel=1e-9)


def test_kernel_distance_has_no_bias() -> None:
    values = [kernel_distance(*RNG.standard_normal((2, 30, 3))) for _ in range(200)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))


def test_manifolds_by_hand() -> None:
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    generated = np.array([[0.5], [1.5], [30.0], [31.0]])
    # With k = 1 reaches are 1, 1, 1, 8 and 1, 1, 1, 1.
    shares = compare_manifolds(real, generated, 1)
    assert shares.precision == 2 / 4
    assert shares.recall == 3 / 4
    assert shares.coverage == 3 / 4


def test_equal_sets_are_covered_and_distant_ones_are_not() -> None:
    real = RNG.standard_normal((50, 3))
    assert compare_manifolds(real, real, 5) == (1.0, 1.0, 1.0)
    assert compare_manifolds(real, real + 100, 5) == (0.0, 0.0, 0.0)


def test_too_few_images_for_neighbours_are_refused() -> None:
    with pytest.raises(ValueError, match="5 images do not have 5 neighbours each"):
        compare_manifolds(RNG.standard_normal((20, 3)), RNG.standard_normal((5, 3)), 5)


def test_class_score_goes_from_one_to_the_number_of_classes() -> None:
    assert class_score(np.full((20, 10), 0.1)) == pytest.approx(1)
    assert class_score(np.tile(np.eye(10), (3, 1))) == pytest.approx(10)


def test_sliced_distance_of_shifted_points_is_the_mean_shift() -> None:
    points, shift = RNG.standard_normal((40, 3)), np.array([1.0, 2.0, 3.0])
    directions = np.eye(3)
    assert sliced(points, points[::-1] + shift, directions) == pytest.approx(2)
