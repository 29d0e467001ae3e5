"""Linear attention: the fused form is the plain one; normalisation, gradients, memory."""

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from methods.performer import favor as module
from methods.performer.causal import causal_attention
from methods.performer.favor import favor, linear_attention
from methods.performer.features import causal_features, softmax_features
from methods.performer.projection import draw_projection

BATCH, HEADS, LENGTH, DIMENSION, FEATURES = 2, 3, 50, 8, 24


@pytest.fixture
def inputs() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """q, k, v: F64[B H L d] with gradients, keep: all, projection: F64[m d]."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(BATCH, HEADS, LENGTH, DIMENSION, dtype=torch.float64, requires_grad=True) for _ in range(3))
    projection = draw_projection((FEATURES, DIMENSION), "orthogonal").double()
    return q, k, v, torch.ones(BATCH, LENGTH, dtype=torch.bool), projection


def plain(q: Tensor, k: Tensor, v: Tensor, projection: Tensor, epsilon: float) -> Tensor:
    queries, keys = softmax_features("positive", q, k, projection, epsilon)
    return linear_attention(queries, keys, v)


def defined(q: Tensor, k: Tensor, v: Tensor, projection: Tensor, epsilon: float) -> Tensor:
    """The fused form by its definition, on matrices of exponentials; the largest exponents are constants."""
    scale = DIMENSION**-0.25
    of_queries, of_keys = scale * q @ projection.T, scale * k @ projection.T - scale**2 * k.square().sum(-1, True) / 2
    queries = (of_queries - of_queries.detach().amax(-1, True)).exp() + epsilon
    keys = (of_keys - of_keys.detach().amax((-2, -1), True)).exp() + epsilon
    return linear_attention(queries, keys, v)


@pytest.mark.parametrize("tile", [100, FEATURES * 64, 1 << 18])
@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.1])
def test_fused_attention_equals_its_definition(
    inputs: tuple[Tensor, ...], tile: int, epsilon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TILE", tile)
    q, k, v, keep, projection = inputs
    fused, reference = favor(q, k, v, keep, projection, epsilon), defined(q, k, v, projection, epsilon)
    torch.testing.assert_close(fused, reference)
    weights = torch.randn_like(fused)
    found = torch.autograd.grad(fused, (q, k, v), weights)
    expected = torch.autograd.grad(reference, (q, k, v), weights)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_fused_is_the_plain_form(inputs: tuple[Tensor, ...]) -> None:
    q, k, v, keep, projection = inputs
    torch.testing.assert_close(favor(q, k, v, keep, projection, 1e-6), plain(q, k, v, projection, 1e-6))


def test_fused_gradients_are_numerical_ones_where_the_largest_exponent_cancels(inputs: tuple[Tensor, ...]) -> None:
    q, k, v, _, projection = inputs
    small = [x[:1, :1, :6].detach().requires_grad_() for x in (q, k, v)]
    keep = torch.tensor([[True] * 4 + [False] * 2])
    assert torch.autograd.gradcheck(lambda *x: favor(*x, keep, projection, 0.0), small)


def test_equal_values_are_returned(inputs: tuple[Tensor, ...]) -> None:
    q, k, _, keep, projection = inputs
    v = torch.full_like(q, 1.5)
    torch.testing.assert_close(plain(q, k, v, projection, 1e-6), v)
    torch.testing.assert_close(favor(q, k, v, keep, projection, 1e-6), v)


def test_one_position_returns_its_value(inputs: tuple[Tensor, ...]) -> None:
    q, k, v, keep, projection = inputs
    q, k, v = q[:, :, :1], k[:, :, :1], v[:, :, :1]
    torch.testing.assert_close(favor(q, k, v, keep[:, :1], projection, 1e-6), v)


def test_a_batch_of_one_sequence_has_the_gradients_of_a_larger_one(inputs: tuple[Tensor, ...]) -> None:
    """The heads of an encoder stand side by side in memory."""
    _, _, _, keep, projection = inputs
    together = torch.randn(BATCH, LENGTH, 3, HEADS, DIMENSION, dtype=torch.float64, requires_grad=True)

    def gradient(rows: slice) -> Tensor:
        q, k, v = together[rows].permute(2, 0, 3, 1, 4)
        out = favor(q, k, v, keep[rows], projection, 1e-6)
        return torch.autograd.grad(out.square().sum(), together)[0][rows]

    torch.testing.assert_close(gradient(slice(1)), gradient(slice(BATCH))[:1])


def test_rows_sum_to_one(inputs: tuple[Tensor, ...]) -> None:
    q, k, _, keep, projection = inputs
    identity = torch.eye(LENGTH, dtype=torch.float64).expand(BATCH, HEADS, -1, -1)
    matrix = favor(q, k, identity, keep, projection, 1e-6)
    torch.testing.assert_close(matrix.sum(-1), torch.ones_like(matrix[..., 0]))
    assert (matrix >= 0).all()


def test_padding_changes_nothing(inputs: tuple[Tensor, ...]) -> None:
    q, k, v, keep, projection = inputs
    keep = keep.clone()
    keep[:, 30:] = False
    padded = favor(q, 5 * k, v, keep, projection, 1e-6)[:, :, :30]
    short = favor(q[:, :, :30], 5 * k[:, :, :30], v[:, :, :30], keep[:, :30], projection, 1e-6)
    torch.testing.assert_close(padded, short)


class _Largest(TorchDispatchMode):
    """Remembers the most numbers that any tensor had."""

    most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else [out]:
            if isinstance(tensor, Tensor):
                self.most = max(self.most, tensor.numel())
        return out


@pytest.mark.parametrize("causal", [False, True])
def test_no_tensor_grows_with_the_length_squared(causal: bool) -> None:
    sizes = []
    for length in (1024, 2048, 4096):
        q = torch.randn(1, 1, length, 4, requires_grad=True)
        projection = draw_projection((16, 4), "orthogonal")
        keep = torch.ones(1, length, dtype=torch.bool)
        with _Largest() as largest:
            if causal:
                queries, keys, log_scales = causal_features("positive", q, q, projection, 1e-6)
                found = causal_attention(queries, keys, log_scales, q, keep.unsqueeze(-1), 1e-6)
            else:
                found = favor(q, q, q, keep, projection, 1e-6)
            found.sum().backward()
        sizes.append(largest.most)
    assert sizes[2] == 2 * sizes[1] == 4 * sizes[0]
