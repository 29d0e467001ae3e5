"""Random Feature Attention: trigonometric features of unit vectors, summed with or without a gate."""

import math
from typing import Annotated, Final, Literal, TypeAlias

import torch
from annotated_types import Gt
from torch import Tensor, nn

from harness.tasks.long_range import Attention

FEATURES_PER_DIMENSION: Final = 4
CHUNK: Final = 64
"""The number of positions in a chunk, within which a recurrence is computed pair by pair."""
TINY: Final = 1e-12
"""The divisor where a query has no key to attend to, so that its result is 0 and not NaN."""

Kernel: TypeAlias = Literal["gaussian", "exponential"]


class Rfa(Attention):
    """Random Feature Attention (Peng et al., 2021), without a gate.

    Queries and keys are normalised to unit length and multiplied by a learned `sigma` for every head and dimension,
    which starts at one (the paper's reparametrisation of random vectors with variance sigma^2). `m` random vectors give
    2 m features (cos, sin); by default there are as many features as in the Performer, four per dimension. They are
    drawn once for every layer and head. The paper keeps 200 draws and picks one of them for every step.

    The products of features estimate the Gaussian kernel exp(-|x - y|^2 / 2). For vectors of equal length this is
    exp(x.y) up to a factor that cancels. With unequal `sigma` lengths differ; `kernel = "exponential"` restores the
    factor exp(|y|^2 / 2) of the keys, which the paper and the authors' code leave out. Estimated sums may be negative:
    none is taken to be less than `floor` times its value if every kernel had its greatest value.
    """

    name = "rfa"
    from_tier = "small"
    m: Annotated[int, Gt(0)] | None = None
    kernel: Literal["gaussian", "exponential"] = "gaussian"
    floor: Annotated[float, Gt(0)] = 1e-2

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return _PlainAttention(self.feature_map(width, heads), self.floor, causal)

    def feature_map(self, width: int, heads: int) -> "_Features":
        dimension = width // heads
        return _Features(heads, self.m or FEATURES_PER_DIMENSION * dimension // 2, dimension, self.kernel)


class RfaGated(Rfa):
    """Random Feature Attention with a gate (Peng et al., 2021, section 3.2), by which recent positions count more.

    `S_t = g_t S_{t-1} + (1 - g_t) phi(k_t) v_t`, and the same for the sum in the divisor, with
    `g_t = sigmoid(w.x_t + b)` for every head. An attention does not receive x_t. The gate reads the keys of all heads
    instead, from which every linear function of x_t can be computed. `bias` is the initial b.

    The paper's recurrence runs forward, for a decoder. This task's encoder looks in both directions and is read out at
    the first position. So a second recurrence with a gate of its own runs backward, and the sums of both are added; a
    position itself is only in the forward one. A causal attention has no backward recurrence. Ignored positions have a
    gate of one.
    """

    name = "rfa_gated"
    bias: float = 3.0

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return _GatedAttention(self.feature_map(width, heads), self.floor, causal, width, self.bias)


class _Features(nn.Module):
    """The feature map phi: phi(x).phi(y) / m estimates a kernel of sigma x / |x| and sigma y / |y| whose greatest value
    is one."""

    projection: Tensor

    def __init__(self, heads: int, m: int, dimension: int, kernel: Kernel) -> None:
        super().__init__()
        self.kernel = kernel
        self.sigma = nn.Parameter(torch.ones(heads, 1, dimension))
        self.register_buffer("projection", torch.randn(heads, m, dimension))

    def forward(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """F[B H L 2m] each: the features of queries and keys F[B H L d]."""
        q, k = (self.sigma * nn.functional.normalize(x, dim=-1) for x in (q, k))
        queries, keys = self._cos_sin(q), self._cos_sin(k)
        if self.kernel == "exponential":
            greatest = self.sigma.square().sum(1, keepdim=True).amax(-1, keepdim=True)
            keys = keys * ((k.square().sum(-1, keepdim=True) - greatest) / 2).exp()
        return queries, keys

    def _cos_sin(self, x: Tensor) -> Tensor:
        product = x @ self.projection.mT
        return torch.cat([product.cos(), product.sin()], dim=-1)


class _FeatureAttention(nn.Module):
    """Attention in 32-bit numbers, under autocast too, because sums over many positions need them."""

    def __init__(self, features: _Features, floor: float, causal: bool) -> None:
        super().__init__()
        self.features = features
        self.floor = floor
        self.causal = causal

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        with torch.autocast(q.device.type, enabled=False):
            queries, keys = self.features(q.float(), k.float())
            values = torch.cat([v.float(), torch.ones_like(v[..., :1], dtype=torch.float32)], dim=-1)
            values = values / self.features.projection.shape[1]
            sums, weight = self.sums(queries, keys, values, k.float(), keep[:, None])
            smallest = self.floor * weight.unsqueeze(-1) + TINY
            return (sums[..., :-1] / sums[..., -1:].maximum(smallest)).to(v.dtype)

    def sums(self, queries: Tensor, keys: Tensor, values: Tensor, k: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
        """The sums over the kept keys of kernel times weight times value, F[B H L d+1], and of the weights,
        F[B H L]."""
        raise NotImplementedError


class _PlainAttention(_FeatureAttention):
    def sums(self, queries: Tensor, keys: Tensor, values: Tensor, k: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
        kept = keep.to(values.dtype)
        if not self.causal:
            return queries @ (keys.mT @ (values * kept.unsqueeze(-1))), kept.sum(-1, keepdim=True)
        log_gates = torch.zeros_like(values[None, ..., 0])  # gates of one: nothing is forgotten
        return recurrent_sums(queries, keys, values, log_gates, kept.log().expand_as(log_gates)), kept.cumsum(-1)


class _GatedAttention(_FeatureAttention):
    def __init__(self, features: _Features, floor: float, causal: bool, width: int, bias: float) -> None:
        super().__init__(features, floor, causal)
        self.heads = len(features.sigma)
        self.gate = nn.Linear(width, self.heads if causal else 2 * self.heads)
        nn.init.xavier_uniform_(self.gate.weight)
        nn.init.constant_(self.gate.bias, bias)

    def sums(self, queries: Tensor, keys: Tensor, values: Tensor, k: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
        gates = torch.stack(self.gate(k.transpose(1, 2).flatten(2)).mT.split(self.heads, dim=1))
        log_gates = nn.functional.logsigmoid(gates).masked_fill(~keep, 0.0)
        log_inputs = nn.functional.logsigmoid(-gates).masked_fill(~keep, -math.inf)
        weight = -log_gates[0].cumsum(-1).expm1()
        if not self.causal:
            weight = weight + log_gates[1].exp() - _sums_to_end(log_gates[1]).exp()
        return recurrent_sums(queries, keys, values, log_gates, log_inputs), weight


def recurrent_sums(queries: Tensor, keys: Tensor, values: Tensor, log_gates: Tensor, log_inputs: Tensor) -> Tensor:
    """F[B H L d]: `q_t S_t`, where `S_t = g_t S_{t-1} + e_t k_t v_t^T`, for queries and keys F[B H L r] and values
    F[B H L d].

    `log_gates` and `log_inputs` F[1 B H L] are log g and log e, at most 0. If they are F[2 B H L], the second ones
    belong to a recurrence that runs backward, whose `q_t g_t S_{t+1}` is added. Within a chunk the sums are computed
    pair by pair, where decays are differences of summed logarithms and never above one; between chunks, states are
    passed on. Exponentials are powers of two, which processors compute faster.
    """
    length = queries.shape[-2]
    padding = -length % CHUNK
    q, k, v = (_chunks(nn.functional.pad(x, (0, 0, 0, padding)), -2) for x in (queries, keys, values))
    log_gates, log_inputs = (
        _chunks(nn.functional.pad(x * math.log2(math.e), (0, padding)), -1) for x in (log_gates, log_inputs)
    )
    decays = [log_gates[0].cumsum(-1), *(_sums_to_end(backward) for backward in log_gates[1:])]
    sources = [decay - log_input for decay, log_input in zip(decays, log_inputs, strict=True)]
    edges = [decay[..., edge] for decay, edge in zip(decays, (-1, 0), strict=False)]
    log_decays = [decay.unsqueeze(-1) - source.unsqueeze(-2) for decay, source in zip(decays, sources, strict=True)]
    later = torch.ones(CHUNK, CHUNK, dtype=torch.bool, device=q.device).triu(1)
    decay_matrix = torch.where(later, log_decays[1] if len(log_decays) == 2 else -math.inf, log_decays[0]).exp2()
    sums: Tensor = (q @ k.mT * decay_matrix) @ v
    for backward, (decay, source, edge) in enumerate(zip(decays, sources, edges, strict=True)):
        added = k.mT @ (v * (edge.unsqueeze(-1) - source).exp2().unsqueeze(-1))
        sums = sums + decay.exp2().unsqueeze(-1) * (q @ _states_before(added, edge.exp2(), bool(backward)))
    return sums.flatten(-3, -2)[..., :length, :]


def _states_before(added: Tensor, kept: Tensor, backward: bool) -> Tensor:
    """F[... n r d]: the state of a recurrence before each of n chunks, from what each chunk adds to it, F[... n r d],
    and the share of it that each chunk keeps, F[... n]."""
    steps = list(zip(added.unbind(-3), kept.unbind(-1), strict=True))
    state = torch.zeros_like(steps[0][0])
    states = []
    for addition, share in reversed(steps) if backward else steps:
        states.append(state)
        state = share[..., None, None] * state + addition
    return torch.stack(states[::-1] if backward else states, dim=-3)


def _sums_to_end(x: Tensor) -> Tensor:
    """F[... L]: the sums of x F[... L] from every position to the last."""
    return x.flip(-1).cumsum(-1).flip(-1)


def _chunks(x: Tensor, dim: int) -> Tensor:
    """x with a dimension cut into chunks."""
    return torch.unflatten(x, dim, (-1, CHUNK))
