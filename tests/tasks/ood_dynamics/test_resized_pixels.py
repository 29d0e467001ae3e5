"""Images at other resolutions."""

import numpy as np
import pytest

from harness.tasks.ood_dynamics.problems.pixels import binarise, resize

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)


def test_area_averages_squares_where_they_fit() -> None:
    means = IMAGES.reshape(5, 7, 4, 7, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(resize(IMAGES, 7, "area"), means)


@pytest.mark.parametrize("side", [8, 10, 12, 19])
def test_area_keeps_the_mean(side: int) -> None:
    np.testing.assert_allclose(resize(IMAGES, side, "area").mean(axis=(1, 2)), IMAGES.mean(axis=(1, 2)))


def test_nearest_takes_the_pixel_at_the_centre() -> None:
    np.testing.assert_array_equal(resize(IMAGES, 14, "nearest"), IMAGES[:, 1::2, 1::2])


@pytest.mark.parametrize("method", ["area", "nearest"])
def test_the_same_resolution_is_the_same_image(method: str) -> None:
    np.testing.assert_allclose(resize(IMAGES, 28, method), IMAGES)


def test_unknown_way_is_refused() -> None:
    with pytest.raises(ValueError, match="'area' or 'nearest'"):
        resize(IMAGES, 7, "cubic")


def test_ink_is_read_row_by_row() -> None:
    images = np.array([[[0, 100], [120, 255]]])
    np.testing.assert_array_equal(binarise(images, 0.4, 255), [[0, 0, 1, 1]])
