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
    hyperbolic tangent. `keys`: the width of a head of the communication, over the size of a module. `dropout`: of the
    weights of the input attention, and of what is read from others. `spread`: standard deviation of the initial weights
    of modules; None = uniform, by the number of inputs, as torch's layers.
    """

    candidates_are_read: bool
    gated: bool
    keys: float
    dropout: float
    spread: float | None

    def communication_keys(self, size: int) -> int:
        """Numbers in a key, and in a value, of one head of the communication between modules of a size."""
        return share(self.keys, size)


DETAILS: Final[Mapping[Variant, Details]] = {
    "paper": Details(candidates_are_read=False, gated=False, keys=0.32, dropout=0.0, spread=None),
    "released": Details(candidates_are_read=True, gated=True, keys=0.16, dropout=0.1, spread=0.01),
}
"""Widths are those at the paper's size of 100: 32 and 16."""


def share(of: float, size: int) -> int:
    """A share of a module's size in whole numbers, at least one."""
    return max(1, round(of * size))


def drawn(details: Details, *shape: int) -> Tensor:
    """Initial weights F32[... outputs inputs]."""
    if details.spread is not None:
        return details.spread * torch.randn(*shape)
    bound = 1 / math.sqrt(shape[-1])
    return torch.empty(*shape).uniform_(-bound, bound)
