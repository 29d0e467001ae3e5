"""The Frechet distance: equal to the textbook's, to torchmetrics', and the same batch by batch."""

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from harness.tasks.generation.scores.frechet import Moments, frechet_distance, moments


def features(n: int, dims: int, seed: int, mean: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (mean + rng.standard_normal((n, dims)) @ rng.standard_normal((dims, dims))).astype(np.float32)


def by_matrix_root(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first.astype(np.float64), second.astype(np.float64)
    covariances = [np.cov(sample, rowvar=False) for sample in (first, second)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    apart = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum()
    return float(apart + np.trace(covariances[0] + covariances[1] - 2 * root.real))


@pytest.mark.parametrize(("dims", "mean"), [(4, 0.0), (32, 3.0), (64, 100.0)])
def test_distance_is_that_of_the_matrix_square_root(dims: int, mean: float) -> None:
    first, second = features(500, dims, 0), features(400, dims, 1, mean)
    expected = by_matrix_root(first, second)
    assert frechet_distance(moments(first), moments(second)) == pytest.approx(expected, rel=1e-6)


def test_distance_is_that_of_torchmetrics() -> None:
    class Given(nn.Module):
        num_features = 8

        def forward(self, images: Tensor) -> Tensor:
            return images

    metric = FrechetInceptionDistance(feature=Given())
    first, second = features(300, 8, 0), features(200, 8, 1, 0.5)
    metric.update(torch.tensor(first), real=True)
    metric.update(torch.tensor(second), real=False)
    assert frechet_distance(moments(first), moments(second)) == pytest.approx(float(metric.compute()), rel=1e-5)


def test_batches_of_any_size_give_the_same_moments_and_none_is_dropped() -> None:
    whole = features(103, 5, 2, 50.0)
    collected = Moments(5)
    for batch in np.split(whole, [1, 40, 100]):
        collected.add(batch)
    assert collected.n == 103
    np.testing.assert_allclose(collected.mean, whole.astype(np.float64).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(collected.covariance, np.cov(whole.astype(np.float64), rowvar=False), rtol=1e-9)


def test_distance_of_known_normal_distributions() -> None:
    # In one dimension: the squared difference of means plus that of deviations.
    first = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    assert frechet_distance(moments(first), moments(3 * first + 2)) == pytest.approx(4 + (4 / 3) * 2**2)
    assert frechet_distance(moments(first), moments(first)) == pytest.approx(0)


def test_fewer_images_than_features_are_refused() -> None:
    with pytest.raises(
        ValueError, match="8 images are too few for a Frechet distance over 8 features; take more than 8"
    ):
        frechet_distance(moments(features(8, 8, 0)), moments(features(100, 8, 1)))


def test_constant_images_have_a_distance() -> None:
    constant = np.ones((50, 4))
    varied = features(50, 4, 0)
    distance = frechet_distance(moments(constant), moments(varied))
    expected = ((1 - varied.mean(axis=0)) ** 2).sum() + np.trace(np.cov(varied, rowvar=False))
    assert distance == pytest.approx(expected, rel=1e-5)
