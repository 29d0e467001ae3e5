"""The stochastic differential equations: how they add noise from t = 0 to t = 1."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from harness.tasks.generation import Noise


class Transition(NamedTuple):
    """A step forward in time: x' = keep * x + std * z."""

    keep: Tensor
    std: Tensor


class Sde(ABC):
    """dx = rate(t) x dt + diffusion(t) dw, whose marginals are known: x(t) = scale(t) x(0) + std(t) z.

    `end` is the time at which sampling ends; training and likelihoods go down to `LEAST_TIME`. All functions of time
    take and give F[n] or F[].
    """

    low: ClassVar[float]
    end: ClassVar[float]

    @abstractmethod
    def noise(self, t: Tensor) -> Noise:
        """The marginals at a time."""

    @abstractmethod
    def rate(self, t: Tensor) -> Tensor:
        """The drift, divided by x."""

    @abstractmethod
    def diffusion(self, t: Tensor) -> Tensor:
        """The deviation of the noise that is added, for a unit of time."""

    def transition(self, before: Tensor, after: Tensor) -> Transition:
        """The step forward from a time to a later one, discretised (by Euler's rule, where nothing better is known)."""
        passed = after - before
        return Transition(1 + self.rate(after) * passed, self.diffusion(after) * passed.sqrt())

    @property
    def prior_std(self) -> float:
        """The deviation of what sampling begins with at t = 1, whose mean is taken to be zero."""
        return float(self.noise(torch.ones(())).std)


LEAST_TIME = 1e-5
"""The smallest time of training and of likelihoods: at t = 0 the score need not exist."""


@dataclass(frozen=True)
class VpSde(Sde):
    """The variance-preserving equation, the limit of DDPM's process (equation 11). beta(t) goes linearly from
    `beta_min` to `beta_max`."""

    low: ClassVar[float] = -1.0
    end: ClassVar[float] = 1e-3
    beta_min: float = 0.1
    beta_max: float = 20.0

    def noise(self, t: Tensor) -> Noise:
        summed = self.summed(t)
        # `expm1` keeps the digits of small times.
        return Noise(torch.exp(-summed / 2), torch.sqrt(-torch.expm1(-summed)))

    def rate(self, t: Tensor) -> Tensor:
        return -self.beta(t) / 2

    def diffusion(self, t: Tensor) -> Tensor:
        return self.beta(t).sqrt()

    def transition(self, before: Tensor, after: Tensor) -> Transition:
        """DDPM's step, whose 1 - beta_i is the exact ratio of the squared scales, so that any number of steps will do
        (to first order in the length of a step, beta_i is beta(t) times that length)."""
        summed = self.summed(after) - self.summed(before)
        return Transition(torch.exp(-summed / 2), torch.sqrt(-torch.expm1(-summed)))

    def beta(self, t: Tensor) -> Tensor:
        """beta(t)."""
        return self.beta_min + t * (self.beta_max - self.beta_min)

    def summed(self, t: Tensor) -> Tensor:
        """The integral of beta from 0 to t."""
        return self.beta_min * t + (self.beta_max - self.beta_min) * t**2 / 2


@dataclass(frozen=True)
class SubVpSde(VpSde):
    """The sub-VP equation (equation 12): the variance is the square of VP's, so never larger."""

    def noise(self, t: Tensor) -> Noise:
        summed = self.summed(t)
        return Noise(torch.exp(-summed / 2), -torch.expm1(-summed))

    def diffusion(self, t: Tensor) -> Tensor:
        return torch.sqrt(self.beta(t) * -torch.expm1(-2 * self.summed(t)))

    def transition(self, before: Tensor, after: Tensor) -> Transition:
        return Sde.transition(self, before, after)


@dataclass(frozen=True)
class VeSde(Sde):
    """The variance-exploding equation, the limit of NCSN's process (equation 9), with the deviation
    sigma_min (sigma_max / sigma_min)^t.

    As in the paper and its code, the marginals have this deviation, though an equation that starts at t = 0 without
    noise would give the root of its square minus sigma_min^2.
    """

    low: ClassVar[float] = 0.0
    end: ClassVar[float] = 1e-5
    sigma_min: float = 0.01
    sigma_max: float = 50.0

    def noise(self, t: Tensor) -> Noise:
        return Noise(torch.ones_like(t), self.sigma_min * (self.sigma_max / self.sigma_min) ** t)

    def rate(self, t: Tensor) -> Tensor:
        return torch.zeros_like(t)

    def diffusion(self, t: Tensor) -> Tensor:
        return self.noise(t).std * math.sqrt(2 * math.log(self.sigma_max / self.sigma_min))

    def transition(self, before: Tensor, after: Tensor) -> Transition:
        """NCSN's step: the exact difference of the variances."""
        variance = self.noise(after).std ** 2 - self.noise(before).std ** 2
        return Transition(torch.ones_like(after), variance.sqrt())
