"""The feature maps: those whose products phi(x).phi(y) estimate exp(x.y), and ReLU features, which do not approximate
softmax.

Every map takes u F[... L d] and a projection F[... m d]. `over` names the dimensions over which the largest exponent is
subtracted to avoid overflow. This is a positive factor that is the same along these dimensions, has no gradient, and
cancels when attention is normalised: pass `QUERIES` for queries, `KEYS` for keys, and nothing for the unbiased estimate
itself. `epsilon` is added to exponentials, so that no sum of them is zero (appendix A.3).
"""

import math
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor

Kernel: TypeAlias = Literal["positive", "hyperbolic", "trigonometric"]

QUERIES: Final = (-1,)
KEYS: Final = (-2, -1)


def positive(u: Tensor, projection: Tensor, over: tuple[int, ...] = (), epsilon: float = 0.0) -> Tensor:
    """F[... L m]: `exp(w.u - |u|^2 / 2) / sqrt(m)` for every row w of the projection (Lemma 1)."""
    return _exponential(_exponent("positive", u, projection), over, epsilon)


def hyperbolic(u: Tensor, projection: Tensor, over: tuple[int, ...] = (), epsilon: float = 0.0) -> Tensor:
    """F[... L 2m]: the positive features of w and of -w, which together have less than half the variance (Lemma 2)."""
    return _exponential(_exponent("hyperbolic", u, projection), over, epsilon)


def trigonometric(u: Tensor, projection: Tensor, over: tuple[int, ...] = ()) -> Tensor:
    """F[... L 2m]: `exp(|u|^2 / 2) (cos w.u, sin w.u) / sqrt(m)` (Rahimi and Recht, 2007; equation 4)."""
    product = u @ projection.mT
    waves = torch.cat([product.cos(), product.sin()], dim=-1) / math.sqrt(projection.shape[-2])
    return waves * torch.exp(_subtract_largest(_half_square(u), over))


def softmax_features(kernel: Kernel, q: Tensor, k: Tensor, projection: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """F[... L r] each: the features of unscaled queries and keys F[... L d], whose products estimate exp(q.k / sqrt(d))
    up to factors that cancel."""
    q, k = q.shape[-1] ** -0.25 * q, k.shape[-1] ** -0.25 * k
    if kernel == "trigonometric":
        return trigonometric(q, projection, QUERIES), trigonometric(k, projection, KEYS)
    feature_map = positive if kernel == "positive" else hyperbolic
    return feature_map(q, projection, QUERIES, epsilon), feature_map(k, projection, KEYS, epsilon)


def causal_features(
    kernel: Kernel, q: Tensor, k: Tensor, projection: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """F[... L r]: the features of queries as from `softmax_features`; and of keys, without `epsilon` and divided by the
    largest of each key, whose logarithm is F[... L 1]."""
    q, k = q.shape[-1] ** -0.25 * q, k.shape[-1] ** -0.25 * k
    if kernel == "trigonometric":
        return trigonometric(q, projection, QUERIES), trigonometric(k, projection, QUERIES), _half_square(k).detach()
    exponent = _exponent(kernel, k, projection)
    largest = exponent.detach().amax(-1, keepdim=True)
    return _exponential(_exponent(kernel, q, projection), QUERIES, epsilon), torch.exp(exponent - largest), largest


def relu(u: Tensor, epsilon: float = 1e-3) -> Tensor:
    """F[... L d]: `max(u, 0) + epsilon`, the deterministic kernel of generalised attention (appendix A.3)."""
    return u.relu() + epsilon


def _exponent(kernel: Kernel, u: Tensor, projection: Tensor) -> Tensor:
    """F[... L r]: the exponents of the positive or hyperbolic features of u F[... L d]."""
    product = u @ projection.mT
    return (torch.cat([product, -product], dim=-1) if kernel == "hyperbolic" else product) - _half_square(u)


def _exponential(exponent: Tensor, over: tuple[int, ...], epsilon: float) -> Tensor:
    return (torch.exp(_subtract_largest(exponent, over)) + epsilon) / math.sqrt(exponent.shape[-1])


def _subtract_largest(exponent: Tensor, over: tuple[int, ...]) -> Tensor:
    return exponent - exponent.detach().amax(over, keepdim=True) if over else exponent


def _half_square(u: Tensor) -> Tensor:
    return u.square().sum(-1, keepdim=True) / 2
