"""`Core`, the recurrent module that a paper changes; and how it is made as wide as its weights allow."""

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

State = TypeVar("State")


class Core(nn.Module, Generic[State]):
    """Reads a vector a step, keeps a state, and gives a vector of `width` numbers a step.

    A subclass sets `width` and defines `initial` and `step`. It may replace `scan` by something faster that gives the
    same, and define `active` if it has modules that are not always active.
    """

    width: int

    def initial(self, n: int) -> State:
        """The state before the first step of n sequences, on the device of the weights."""
        raise NotImplementedError

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """F32[n i], state -> F32[n width], state after it."""
        raise NotImplementedError

    def scan(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """F32[n T i], state -> F32[n T width], state after the last step: T steps."""
        outputs = []
        for moment in x.unbind(1):
            output, state = self.step(moment, state)
            outputs.append(output)
        return torch.stack(outputs, dim=1), state

    def active(self, state: State) -> Tensor:
        """Bool[n modules]: the modules that the step to this state changed."""
        raise NotImplementedError


def widest(weights: Callable[[int], int], limit: int) -> int:
    """The largest size whose number of weights, which grows with the size, is within the limit.

    Raises `ValueError` if there is none.
    """
    if weights(1) > limit:
        raise ValueError(f"the smallest core has {weights(1)} weights, more than the {limit} that it may have")
    low, high = 1, 2
    while weights(high) <= limit:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if weights(middle) <= limit else (low, middle)
    return low
