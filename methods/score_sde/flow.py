"""The probability-flow ODE: deterministic sampling, encoding and likelihoods by an adaptive solver."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from harness.tasks.generation import ScoreFunction
from methods.score_sde.sde import LEAST_TIME, Sde

Divergence: TypeAlias = Literal["hutchinson", "exact"]

MOST_EVALUATIONS = 5000
"""After so many evaluations the solver is given up."""


@dataclass(frozen=True)
class Flow:
    """dx = [rate(t) x - g(t)^2 score / 2] dt, which has the marginals of the stochastic equation (equation 13).

    It is solved by Runge and Kutta's method of order 5(4) with a relative and absolute `tolerance`, in float64 between
    evaluations of the score in float32, over all values of a batch at once.
    """

    sde: Sde
    score: ScoreFunction
    tolerance: float

    def velocity(self, x: Tensor, t: Tensor) -> Tensor:
        """dx / dt at a time F[]."""
        noise = self.sde.noise(t)
        return self.sde.rate(t) * x - self.sde.diffusion(t) ** 2 / 2 * self.score(x, noise)

    def carry(self, x: Tensor, start: float, end: float) -> Tensor:
        """F32[n ...]: where items F32[n ...] at one time are at another."""

        def change(t: float, flat: np.ndarray) -> np.ndarray:
            state = _tensor(flat, x)
            return _flat(self.velocity(state, state.new_tensor(t)))

        return _tensor(self._solve(change, _flat(x), start, end), x)

    def sample(self, latent: Tensor) -> Tensor:
        """Items from noise at t = 1, with a last denoising step."""
        end = self.sde.end
        x = self.carry(latent, 1.0, end)
        noise = self.sde.noise(x.new_tensor(end))
        return (x + noise.std**2 * self.score(x, noise)) / noise.scale

    def encode(self, items: Tensor) -> Tensor:
        """The noise at t = 1 that items are the images of."""
        return self.carry(items, LEAST_TIME, 1.0)

    def decode(self, latent: Tensor) -> Tensor:
        """The items that noise at t = 1 is the encoding of."""
        return self.carry(latent, 1.0, LEAST_TIME)

    def log_density(self, items: Tensor, divergence: Divergence, generator: torch.Generator) -> Tensor:
        """F64[n]: the log-density of items F32[n ...] in nats: that of their encodings under a normal distribution plus
        the divergence of the velocity along the way (equation 39).

        The divergence is estimated with a vector of random signs for each item (Hutchinson), or computed exactly, with
        as many gradients as an item has values.
        """
        n, size = len(items), items[0].numel()
        signs = torch.randint(2, items.shape, generator=generator, device=items.device) * 2.0 - 1
        measure = _exact_divergence if divergence == "exact" else _estimated_divergence(signs)

        def change(t: float, flat: np.ndarray) -> np.ndarray:
            x = _tensor(flat[:-n], items)
            velocity, spreading = measure(lambda at: self.velocity(at, at.new_tensor(t)), x)
            return np.concatenate([_flat(velocity), _flat(spreading)])

        end = self._solve(change, np.concatenate([_flat(items), np.zeros(n)]), LEAST_TIME, 1.0)
        latent, gained = end[:-n].reshape(n, size), end[-n:]
        std = self.sde.prior_std
        prior = -(latent**2).sum(axis=1) / (2 * std**2) - size * math.log(std * math.sqrt(2 * math.pi))
        return torch.tensor(prior + gained)

    def _solve(
        self, change: Callable[[float, np.ndarray], np.ndarray], flat: np.ndarray, start: float, end: float
    ) -> np.ndarray:
        """The state at the end. Raises `RuntimeError` if the tolerance is not reached in `MOST_EVALUATIONS`
        evaluations, or if the state is not finite."""
        evaluations = 0

        def counted(t: float, state: np.ndarray) -> np.ndarray:
            nonlocal evaluations
            evaluations += 1
            if evaluations > MOST_EVALUATIONS:
                raise RuntimeError(
                    f"the ODE solver has not reached its tolerance of {self.tolerance:g} in {MOST_EVALUATIONS} "
                    f"evaluations (it is at t = {t:.3g}); take a larger tolerance"
                )
            slope = change(t, state)
            if not np.isfinite(slope).all():
                raise RuntimeError(f"the velocity of the probability-flow ODE is not finite at t = {t:.3g}")
            return slope

        solution = solve_ivp(counted, (start, end), flat, rtol=self.tolerance, atol=self.tolerance, t_eval=[end])
        if not solution.success:
            raise RuntimeError(f"the ODE solver gave up: {solution.message}")
        state: np.ndarray = solution.y[:, -1]
        return state


def _estimated_divergence(signs: Tensor) -> Callable[[Callable[[Tensor], Tensor], Tensor], tuple[Tensor, Tensor]]:
    def measured(velocity: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            x = x.requires_grad_()
            value = velocity(x)
            (slope,) = torch.autograd.grad((value * signs).sum(), x)
        return value.detach(), (slope * signs).flatten(1).sum(dim=1)

    return measured


def _exact_divergence(velocity: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        x = x.requires_grad_()
        value = velocity(x)
        flat = value.flatten(1)
        diagonal = [
            torch.autograd.grad(flat[:, i].sum(), x, retain_graph=True)[0].flatten(1)[:, i]
            for i in range(flat.shape[1])
        ]
    return value.detach(), torch.stack(diagonal).sum(dim=0)


def _flat(tensor: Tensor) -> np.ndarray:
    values: np.ndarray = tensor.detach().double().cpu().numpy().reshape(-1)
    return values


def _tensor(flat: np.ndarray, like: Tensor) -> Tensor:
    return torch.tensor(flat, dtype=like.dtype, device=like.device).reshape(like.shape)
