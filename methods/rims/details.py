"""The details in which the paper and its authors' code differ."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor

Variant: TypeAlias = Literal["paper", "released"]


@dataclass(frozen=True)
class Details:
    """The details of a variant.

    `send_candidates`: inactive modules send to the others the state that they would have if they were active, without
    gradient, instead of the state that they keep. `gated`: what is read from others passes a sigmoid gate and a
    hyperbolic tangent. `key_share`: the width of a head of the communication divided by the size of a module.
    `dropout`: of the weights of the input attention, and of what is read from others. `initial_std`: the standard
    deviation of the initial weights of modules; None = uniform by the number of inputs, as in torch's layers.
    """

    send_candidates: bool
    gated: bool
    key_share: float
    dropout: float
    initial_std: float | None

    def communication_keys(self, size: int) -> int:
        """The numbers in a key, and in a value, of one head of the communication between modules of a size."""
        return scaled_width(self.key_share, size)


DETAILS: Final[Mapping[Variant, Details]] = {
    "paper": Details(send_candidates=False, gated=False, key_share=0.32, dropout=0.0, initial_std=None),
    "released": Details(send_candidates=True, gated=True, key_share=0.16, dropout=0.1, initial_std=0.01),
}
"""The key shares give 32 and 16 numbers at the paper's size of 100."""


def scaled_width(share: float, size: int) -> int:
    """A share of a module's size in whole numbers, at least one."""
    return max(1, round(share * size))


def initial_weights(details: Details, *shape: int) -> Tensor:
    """Random initial weights F32[... outputs inputs]."""
    if details.initial_std is not None:
        return details.initial_std * torch.randn(*shape)
    bound = 1 / math.sqrt(shape[-1])
    return torch.empty(*shape).uniform_(-bound, bound)
