"""Random Feature Attention: the kernel it estimates, its recurrences as plain loops, its guard, its precision."""

import pytest
import torch
from torch import Tensor, nn

from baselines.long_range import rfa
from baselines.long_range.rfa import Kernel, Rfa, RfaGated

BATCH, HEADS, LENGTH, DIMENSION = 2, 2, 90, 4
Inputs = tuple[Tensor, Tensor, Tensor, Tensor]


@pytest.fixture
def inputs() -> Inputs:
    """q, k, v and keep: the second item has padding at its end, and a hole."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(BATCH, HEADS, LENGTH, DIMENSION, requires_grad=True) for _ in range(3))
    keep = torch.ones(BATCH, LENGTH, dtype=torch.bool)
    keep[1, 75:] = False
    keep[1, 10:14] = False
    return q, k, v, keep


def build(entrant: Rfa, causal: bool = False) -> nn.Module:
    torch.manual_seed(1)
    module = entrant.build(HEADS * DIMENSION, HEADS, LENGTH, causal)
    nn.init.uniform_(module.features.sigma, 0.5, 1.5)
    return module


def estimated_kernel(module: nn.Module, q: Tensor, k: Tensor) -> Tensor:
    """F[B H L L], by the formulas of the features."""
    sigma, w = module.features.sigma, module.features.projection
    x, y = (sigma * z / z.norm(dim=-1, keepdim=True) for z in (q, k))
    along_x, along_y = x @ w.mT, y @ w.mT
    found = (along_x.unsqueeze(-2) - along_y.unsqueeze(-3)).cos().mean(-1)
    if module.features.kernel == "exponential":
        found = found * (y.square().sum(-1) / 2).exp().unsqueeze(-2)
    return found


def gate_weights(gates: Tensor, keep: Tensor) -> Tensor:
    """F[L L] for one head: how much position j counts at t in S_t = g_t S_{t-1} + (1 - g_t) (...), by a loop."""
    weights = torch.zeros(LENGTH, LENGTH)
    state = torch.zeros(LENGTH)
    for t, g in enumerate(gates):
        if keep[t]:
            state = g * state + (1 - g) * nn.functional.one_hot(torch.tensor(t), LENGTH)
        weights[t] = state
    return weights


def by_definition(module: nn.Module, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
    """F[B H L d]: the matrix of kernels times weights, normalised."""
    weights = keep[:, None, None].expand(BATCH, HEADS, LENGTH, LENGTH).float()
    weights = weights.tril() if module.causal else weights
    if hasattr(module, "gate"):
        gates = torch.sigmoid(module.gate(k.transpose(1, 2).flatten(2)))
        weights = torch.zeros(BATCH, HEADS, LENGTH, LENGTH)
        for b in range(BATCH):
            for h in range(HEADS):
                weights[b, h] = gate_weights(gates[b, :, h], keep[b])
                if not module.causal:
                    backward = gate_weights(gates[b, :, HEADS + h].flip(0), keep[b].flip(0)).flip(0, 1)
                    weights[b, h] += backward.triu(1)
    matrix = estimated_kernel(module, q, k) * weights
    return matrix / matrix.sum(-1, keepdim=True) @ v


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kernel", ["gaussian", "exponential"])
@pytest.mark.parametrize("make", [Rfa, RfaGated])
def test_attention_is_the_definition(inputs: Inputs, make: type[Rfa], kernel: Kernel, causal: bool) -> None:
    q, k, v, keep = inputs
    # Many features, so that no sum is near the guard; a short memory, so that gates matter.
    entrant = make(m=200, kernel=kernel)
    if isinstance(entrant, RfaGated):
        entrant.bias = 1.0
    module = build(entrant, causal)
    kept = keep[:, None, :, None]
    found, expected = (x * kept for x in (module(q, k, v, keep), by_definition(module, q, k, v, keep)))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    weights = torch.randn_like(found)
    leaves = (q, k, v, *module.parameters())
    one, other = (torch.autograd.grad(x, leaves, weights, retain_graph=True) for x in (found, expected))
    torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("length", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("directions", [1, 2])
def test_chunked_recurrence_is_the_loop(length: int, directions: int) -> None:
    torch.manual_seed(0)
    queries, keys, values = (torch.randn(2, 2, length, 5, dtype=torch.float64) for _ in range(3))
    stay, enter = nn.functional.logsigmoid(3 * torch.randn(2, directions, 2, 2, length, dtype=torch.float64))
    expected = torch.zeros_like(values)
    state = torch.zeros(2, 2, 5, 5, dtype=torch.float64)
    for t in range(length):
        added = enter[0, ..., t].exp()[..., None, None] * keys[..., t, :, None] * values[..., t, None, :]
        state = stay[0, ..., t].exp()[..., None, None] * state + added
        expected[..., t, :] += (queries[..., t, None, :] @ state)[..., 0, :]
    state = torch.zeros_like(state)
    for t in reversed(range(length) if directions == 2 else []):
        state = stay[1, ..., t].exp()[..., None, None] * state
        expected[..., t, :] += (queries[..., t, None, :] @ state)[..., 0, :]
        state = state + enter[1, ..., t].exp()[..., None, None] * keys[..., t, :, None] * values[..., t, None, :]
    torch.testing.assert_close(rfa.recurrent_sums(queries, keys, values, stay, enter), expected)


def test_decays_never_overflow(inputs: Inputs) -> None:
    q, k, v, keep = inputs
    for bias in (-40.0, 15.0):
        module = build(RfaGated(bias=bias))
        found = module(q, k, v, keep)
        gradients = torch.autograd.grad(found.sum(), (q, k, v, *module.parameters()))
        assert all(x.isfinite().all() for x in (found, *gradients))


@pytest.mark.parametrize(("kernel", "factor"), [("gaussian", 0.0), ("exponential", 0.5)])
def test_features_estimate_the_kernel_without_bias(kernel: Kernel, factor: float) -> None:
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, HEADS, 6, DIMENSION)
    module = build(Rfa(m=200_000, kernel=kernel)).features
    queries, keys = module(q, k)
    x, y = (module.sigma * nn.functional.normalize(z, dim=-1) for z in (q, k))
    exact = (-torch.cdist(x, y).square() / 2).exp() * (factor * y.square().sum(-1)).exp().unsqueeze(-2)
    found = queries @ keys.mT / 200_000
    exact, found = (z / z.amax((-2, -1), keepdim=True) for z in (exact, found))
    # The standard error is below (2 m)^-1/2 = 0.0016.
    torch.testing.assert_close(found, exact, atol=0.01, rtol=0)


def test_exponential_kernel_is_softmax_attention_of_scaled_unit_vectors(inputs: Inputs) -> None:
    q, k, v, keep = inputs
    module = build(Rfa(m=20_000, kernel="exponential"))
    x, y = (module.features.sigma * nn.functional.normalize(z, dim=-1) for z in (q, k))
    exact = nn.functional.scaled_dot_product_attention(x, y, v, attn_mask=keep[:, None, None], scale=1.0)
    torch.testing.assert_close(module(q, k, v, keep), exact, atol=0.02, rtol=0)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("entrant", [Rfa(), RfaGated()])
def test_ignored_positions_neither_decay_nor_add(inputs: Inputs, entrant: Rfa, causal: bool) -> None:
    q, k, v, keep = inputs
    module = build(entrant, causal)
    kept = keep[1]
    short = module(q[1:, :, kept], k[1:, :, kept], v[1:, :, kept], kept[kept][None])
    torch.testing.assert_close(module(q, k, v, keep)[1:, :, kept], short, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("entrant", [Rfa(), RfaGated()])
def test_the_future_changes_nothing(inputs: Inputs, entrant: Rfa) -> None:
    q, k, v, keep = inputs
    module = build(entrant, causal=True)
    before = module(q, k, v, keep)
    after = module(*(torch.cat([x[:, :, :68], torch.randn_like(x[:, :, 68:])], dim=2) for x in (q, k, v)), keep)
    torch.testing.assert_close(after[:, :, :68], before[:, :, :68])
    assert not torch.allclose(after[:1, :, 68:], before[:1, :, 68:], atol=1e-2)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("make", [Rfa, RfaGated])
def test_no_sum_is_below_the_floor(inputs: Inputs, make: type[Rfa], causal: bool) -> None:
    q, k, _, keep = inputs
    keep = torch.ones_like(keep)
    # One random vector and large sigma: half of the sums would be negative.
    module = build(make(m=1, floor=0.05), causal)
    nn.init.constant_(module.features.sigma, 30.0)
    ones = module(q, k, torch.ones_like(q), keep)
    assert (ones <= 1 + 1e-4).all()
    assert (ones < 0).any()
    assert (ones >= -1 / 0.05).all()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("entrant", [Rfa(), RfaGated()])
def test_sums_are_32_bit_under_autocast(inputs: Inputs, entrant: Rfa, causal: bool) -> None:
    module = build(entrant, causal)
    plain = module(*inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(module(*inputs), plain)


def test_by_default_there_are_four_features_a_dimension() -> None:
    assert build(Rfa()).features.projection.shape == (HEADS, 2 * DIMENSION, DIMENSION)
    assert build(RfaGated(m=7)).features.projection.shape == (HEADS, 7, DIMENSION)


def test_gate_starts_open_as_far_as_its_bias_says() -> None:
    module = build(RfaGated(bias=2.0))
    assert module.gate.weight.shape == (2 * HEADS, HEADS * DIMENSION)
    assert torch.equal(module.gate.bias, torch.full((2 * HEADS,), 2.0))
