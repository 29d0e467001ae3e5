"""The random projections: orthogonal within blocks, Gaussian in every row, isotropic only with the signs corrected."""

import pytest
import torch

from methods.performer.features import positive
from methods.performer.projection import Kind, draw_projection

DIMENSION, FEATURES, DRAWS = 16, 8, 20_000


def estimates(kind: Kind) -> torch.Tensor:
    """F64[draws]: positive-feature estimates of exp(x.y), x on the first axis, x.y = .6."""
    x, y = torch.zeros(2, 1, DIMENSION)
    x[0, 0] = 1.0
    y[0, 0], y[0, 1] = 0.6, 0.8
    projection = draw_projection((DRAWS, FEATURES, DIMENSION), kind, torch.Generator().manual_seed(0))
    return (positive(x, projection) * positive(y, projection)).sum(-1).flatten().double()


def standard_errors_off(kind: Kind) -> float:
    found = estimates(kind)
    return float((found.mean() - torch.tensor(0.6).exp()).abs() / (found.std() / DRAWS**0.5))


@pytest.mark.parametrize("kind", ["orthogonal", "iid"])
def test_estimate_is_unbiased(kind: Kind) -> None:
    assert standard_errors_off(kind) < 4


def test_estimate_is_biased_without_sign_correction() -> None:
    assert standard_errors_off("raw_qr") > 10


def test_raw_qr_always_points_away_from_the_first_axis() -> None:
    projection = draw_projection((200, DIMENSION, DIMENSION), "raw_qr", torch.Generator().manual_seed(0))
    assert (projection[:, 0, 0] < 0).all()


@pytest.mark.parametrize("features", [5, 16, 40])
def test_rows_are_orthogonal_within_blocks(features: int) -> None:
    projection = draw_projection((features, DIMENSION), "orthogonal", torch.Generator().manual_seed(0)).double()
    assert projection.shape == (features, DIMENSION)
    for block in projection.split(DIMENSION):
        products = block @ block.T
        torch.testing.assert_close(products, products.diagonal().diag(), atol=1e-5, rtol=0)


def test_every_row_is_standard_normal() -> None:
    projection = draw_projection((40_000, 3, 4), "orthogonal", torch.Generator().manual_seed(0))
    for row in projection.unbind(1):
        torch.testing.assert_close(row.mean(0), torch.zeros(4), atol=0.025, rtol=0)
        torch.testing.assert_close(row.T.cov(), torch.eye(4), atol=0.04, rtol=0)


def test_same_generator_same_projection() -> None:
    first, second = (draw_projection((8, 4), "orthogonal", torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
