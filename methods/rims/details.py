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
    `dropout`: of the numbers that are read from the input, and of those that are read from others, before the tangent.
    `attention_std`: the standard deviation of the initial weights of both attentions; None = uniform by the number of
    inputs, as in torch's layers. `cells_as_one`: the initial weights and biases of all cells are those of one torch
    cell as large as all modules together; otherwise weights are uniform by the number of a module's inputs, and biases
    are 0.
    """

    send_candidates: bool
    gated: bool
    key_share: float
    dropout: float
    attention_std: float | None
    cells_as_one: bool

    def communication_keys(self, size: int) -> int:
        """The numbers in a key, and in a value, of one head of the communication between modules of a size."""
        return scaled_width(self.key_share, size)


DETAILS: Final[Mapping[Variant, Details]] = {
    "paper": Details(
        send_candidates=False, gated=False, key_share=0.32, dropout=0.0, attention_std=None, cells_as_one=False
    ),
    "released": Details(
        send_candidates=True, gated=True, key_share=0.16, dropout=0.1, attention_std=0.01, cells_as_one=True
    ),
}
"""The key shares give 32 and 16 numbers at the paper's size of 100."""


def scaled_width(share: float, size: int) -> int:
    """A share of a module's size in whole numbers, at least one."""
    return max(1, round(share * size))


def attention_weights(details: Details, *shape: int) -> Tensor:
    """Random initial weights F32[... outputs inputs] of an attention."""
    return _uniform(shape, shape[-1]) if details.attention_std is None else details.attention_std * torch.randn(*shape)


def cell_weights(details: Details, width: int, *shape: int) -> Tensor:
    """Random initial weights F32[modules gates inputs] of the cells, in modules of `width` numbers in all."""
    return _uniform(shape, width if details.cells_as_one else shape[-1])


def cell_bias(details: Details, width: int, *shape: int) -> Tensor:
    """One of the two initial biases F32[modules gates 1] of the cells: of what they read, or of what they keep."""
    return _uniform(shape, width) if details.cells_as_one else torch.zeros(shape)


def _uniform(shape: tuple[int, ...], inputs: int) -> Tensor:
    """Random numbers F32[...], uniform as the initial weights of torch's layers with so many inputs."""
    bound = 1 / math.sqrt(inputs)
    return torch.empty(*shape).uniform_(-bound, bound)
