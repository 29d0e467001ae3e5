"""`Noise`: how much of an item is left and how much noise was added to it."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from torch import Tensor


class Noise(NamedTuple):
    """A noise level: x = scale * item + std * z, with z drawn from a standard normal distribution.

    Both are F[n], a level for each item, or F[], one for all.
    """

    scale: Tensor
    std: Tensor

    @property
    def sigma(self) -> Tensor:
        """The deviation of the noise relative to the item, in units of the item."""
        return self.std / self.scale

    def over(self, x: Tensor) -> "Noise":
        """The same levels, with as many axes as items F[n ...] have, so that they can be multiplied."""
        axes = (-1, *(1,) * (x.ndim - 1))
        return Noise(self.scale.reshape(axes), self.std.reshape(axes))


ScoreFunction: TypeAlias = Callable[[Tensor, Noise], Tensor]
"""The gradient of the log-density of noisy items F[n ...] at a noise level: F[n ...]."""
