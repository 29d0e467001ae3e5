"""What the paper and its authors' code do differently."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor

Variant: TypeAlias = Literal["paper", "released"]


@dataclass(frozen=True)
class Details:
    """`candidates_are_read`: what inactive modules tell the others is what they would have become had they been active,
    without gradient, instead of the state that they keep. `gated`: what is read from others passes a sigmoid gate and a
    hyperbolic tangent. `widest_keys`: of a head of the communication; never more than the size of a module, whose
    products of queries and keys have no higher rank. `dropout`: of the weights of the
    input attention, and of what is read from others. `spread`: standard deviation of
    the initial weights of modules; None = uniform, by the number of inputs, as torch's layers.
    """

    candidates_are_read: bool
    gated: bool
    widest_keys: int
    dropout: float
    spread: float | None

    def communication_keys(self, size: int) -> int:
        """Numbers in a key, and in a value, of one head of the communication between modules of a size."""
        return min(size, self.widest_keys)


DETAILS: Final[Mapping[Variant, Details]] = {
    "paper": Details(candidates_are_read=False, gated=False, widest_keys=32, dropout=0.0, spread=None),
    "released": Details(candidates_are_read=True, gated=True, widest_keys=16, dropout=0.1, spread=0.01),
}


def drawn(details: Details, *shape: int) -> Tensor:
    """Initial weights F32[... inputs outputs]."""
    if details.spread is not None:
        return details.spread * torch.randn(*shape)
    bound = 1 / math.sqrt(shape[-2])
    return torch.empty(*shape).uniform_(-bound, bound)
