"""`Process`: how noise is added to items and taken away again, which entrants fill in."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from harness.core.errors import BadOutput
from harness.core.task import checked_instance
from harness.tasks.generation.problems.noise import Noise, ScoreFunction

Constraint: TypeAlias = Callable[[Tensor, Noise], Tensor]
"""Sets what is known of noisy items F[n ...] at a noise level: F[n ...]. Samplers apply it after every step."""


@dataclass(frozen=True)
class Sampling:
    """How items are sampled: by which sampler, with how many evaluations of the score for each item, with random
    numbers from which generator, and under which constraint."""

    sampler: str
    evaluations: int
    generator: torch.Generator
    constraint: Constraint | None = None

    def normal(self, shape: tuple[int, ...]) -> Tensor:
        """F32[shape]: standard normal numbers."""
        return torch.randn(shape, generator=self.generator, device=self.generator.device)

    def constrained(self, x: Tensor, noise: Noise) -> Tensor:
        """The items after the constraint, if there is one."""
        return x if self.constraint is None else self.constraint(x, noise)


class Drawn(NamedTuple):
    """The noise levels of a batch of training items, and the weight of each item in the loss, F32[n]. The loss is the
    squared error of the predicted noise, a mean over the item's values."""

    noise: Noise
    weight: Tensor


def check_samplers(name: str, samplers: tuple[str, ...]) -> tuple[str, ...]:
    """The names of samplers that `name` gave. Raises `BadOutput` if they are no names, or none."""
    checked_instance(name, samplers, tuple)
    if not samplers or not all(isinstance(sampler, str) for sampler in samplers):
        raise BadOutput(f"{name} returned {samplers}, the task needs at least one name")
    return samplers


class Process(ABC):
    """A way to add noise in training, and a way back from noise to items.

    `low` is the value of black; that of white is 1. `samplers` are the names of its samplers, of which the first is the
    one that others are compared with; `sampler` is the one that is used where none is named.
    """

    low: float
    samplers: tuple[str, ...]
    sampler: str

    def from_brightness(self, brightness: Tensor) -> Tensor:
        """Items from brightness, which is 0 for black and 1 for white."""
        return self.low + (1 - self.low) * brightness

    def to_brightness(self, items: Tensor) -> Tensor:
        """The brightness of items."""
        return (items - self.low) / (1 - self.low)

    @abstractmethod
    def draw(self, n: int, generator: torch.Generator) -> Drawn:
        """The noise levels and weights of a batch of n training items."""

    @abstractmethod
    def sample(self, score: ScoreFunction, shape: tuple[int, ...], sampling: Sampling) -> Tensor:
        """F32[shape]: items, the first axis counts them. Raises `KeyError` for a sampler that there is not."""
