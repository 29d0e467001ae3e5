"""The feature maps: their mean squared errors are the closed forms of the paper; nothing overflows or changes sign."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from methods.performer.features import KEYS, QUERIES, hyperbolic, positive, relu, softmax_features, trigonometric
from methods.performer.projection import Kind, draw_projection

DIMENSION, FEATURES, DRAWS = 16, 8, 160_000
COSINE = -0.6
EXACT = math.exp(COSINE)

Map = Callable[..., Tensor]


def squared_error(feature: Map, kind: Kind, features: int = FEATURES, draws: int = DRAWS) -> float:
    """Over draws: the mean squared error of the estimated exp(x.y) for unit vectors with x.y = -.6."""
    generator = torch.Generator().manual_seed(1)
    x, y = torch.zeros(2, 1, DIMENSION)
    x[0, 0] = 1.0
    y[0, 0], y[0, 1] = COSINE, 0.8
    projection = draw_projection((draws, features, DIMENSION), kind, generator)
    found = (feature(x, projection) * feature(y, projection)).sum(-1).double()
    return float((found - EXACT).square().mean())


def closed_form(feature: Map, features: int = FEATURES) -> float:
    """Lemma 2, for independent features; |x| = |y| = 1."""
    plus, minus = 2 + 2 * COSINE, 2 - 2 * COSINE  # |x + y|^2, |x - y|^2
    of_positive = math.exp(plus) * EXACT**2 * (1 - math.exp(-plus)) / features
    return {
        positive: of_positive,
        hyperbolic: (1 - math.exp(-plus)) / 2 * of_positive,
        trigonometric: math.exp(plus) / EXACT**2 * (1 - math.exp(-minus)) ** 2 / (2 * features),
    }[feature]


@pytest.mark.parametrize(
    ("feature", "expected"), [(positive, 0.04614), (hyperbolic, 0.01270), (trigonometric, 0.42493)]
)
def test_squared_error_is_the_closed_form(feature: Map, expected: float) -> None:
    assert closed_form(feature) == pytest.approx(expected, rel=1e-3)
    assert squared_error(feature, "iid") == pytest.approx(expected, rel=0.03)


def test_orthogonal_features_beat_the_bound_of_theorem_2() -> None:
    gap = 2 * (FEATURES - 1) / (FEATURES * (DIMENSION + 2)) * (EXACT - math.exp(-1)) ** 2
    assert closed_form(positive) - gap == pytest.approx(0.04296, rel=1e-3)
    found = squared_error(positive, "orthogonal", draws=40_000)
    assert found < closed_form(positive) - gap
    assert found == pytest.approx(0.04128, rel=0.03)


@pytest.mark.parametrize("feature", [positive, hyperbolic, trigonometric])
def test_four_times_the_features_quarter_the_error(feature: Map) -> None:
    few, many = squared_error(feature, "iid"), squared_error(feature, "iid", 4 * FEATURES, DRAWS // 4)
    assert many / few == pytest.approx(1 / 4, rel=0.1)


@pytest.mark.parametrize("feature", [positive, hyperbolic, trigonometric])
def test_subtracting_the_largest_exponent_cancels_in_attention(feature: Map) -> None:
    torch.manual_seed(0)
    q, k = torch.randn(2, 3, 20, DIMENSION, dtype=torch.float64)
    projection = draw_projection((64, DIMENSION), "orthogonal").double()
    plain = feature(q, projection) @ feature(k, projection).mT
    steady = feature(q, projection, QUERIES) @ feature(k, projection, KEYS).mT
    torch.testing.assert_close(steady / steady.sum(-1, keepdim=True), plain / plain.sum(-1, keepdim=True))


def test_largest_exponent_has_no_gradient() -> None:
    u = torch.randn(5, DIMENSION, dtype=torch.float64, requires_grad=True)
    projection = draw_projection((8, DIMENSION), "iid").double()
    factor = (positive(u, projection, KEYS) / positive(u, projection)).detach()
    steady = torch.autograd.grad(positive(u, projection, KEYS).sum(), u)[0]
    plain = torch.autograd.grad((factor * positive(u, projection)).sum(), u)[0]
    torch.testing.assert_close(steady, plain)


@pytest.mark.parametrize("feature", [positive, hyperbolic])
def test_large_inputs_do_not_overflow(feature: Map) -> None:
    u = 100 * torch.randn(5, DIMENSION)
    projection = draw_projection((32, DIMENSION), "orthogonal")
    for over in (QUERIES, KEYS):
        found = feature(u, projection, over)
        assert found.isfinite().all()
        assert found.max() > 0


def divisors(kernel: str, seed: int) -> Tensor:
    """F[L]: the estimated row sums for standard normal queries and keys, 16 features."""
    torch.manual_seed(seed)
    q, k = torch.randn(2, 256, DIMENSION)
    queries, keys = softmax_features(kernel, q, k, draw_projection((16, DIMENSION), "orthogonal"), 0.0)  # type: ignore[arg-type]
    return queries @ keys.sum(0)


def test_positive_features_never_give_a_negative_divisor() -> None:
    assert all((divisors(kernel, seed) > 0).all() for kernel in ("positive", "hyperbolic") for seed in range(20))


def test_trigonometric_features_give_negative_divisors() -> None:
    assert any((divisors("trigonometric", seed) < 0).any() for seed in range(20))


def test_relu_features_are_at_least_epsilon() -> None:
    assert torch.equal(relu(torch.tensor([-1.0, 0.0, 2.0]), 0.5), torch.tensor([0.5, 0.5, 2.5]))
