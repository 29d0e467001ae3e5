"""`Core`, the recurrent module that entrants fill in; and `widest`, which finds the largest core for a number of
weights."""

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

State = TypeVar("State")


class Core(nn.Module, Generic[State]):
    """Reads a vector at each step, keeps a state, and returns a vector of `width` numbers at each step.

    A subclass sets `width` and defines `initial` and `step`. It may replace `scan` by something faster with the same
    result, and define `active` if it has modules that are not always active.
    """

    width: int

    def initial(self, n: int) -> State:
        """The state before the first step of n sequences, on the device of the weights."""
        raise NotImplementedError

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """x F32[n i], state -> output F32[n width], next state."""
        raise NotImplementedError

    def scan(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """x F32[n T i], state -> outputs F32[n T width], last state: T steps."""
        outputs = []
        for step_input in x.unbind(1):
            output, state = self.step(step_input, state)
            outputs.append(output)
        return torch.stack(outputs, dim=1), state

    def active(self, state: State) -> Tensor:
        """Bool[n modules]: whether each module was changed by the step that led to this state."""
        raise NotImplementedError


def widest(weights: Callable[[int], int], limit: int) -> int:
    """The largest size for which `weights(size)`, which grows with the size, is at most `limit`.

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
