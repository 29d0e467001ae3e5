"""The networks of soft actor-critic: a squashed Gaussian policy, and two critics."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.tasks.control.models.trunk import NoConvolutions, Trunk, initialise, perceptron, project

LOG_STD = (-10.0, 2.0)
"""The least and the greatest log standard deviation of the policy."""


@dataclass(frozen=True)
class NetworkSizes:
    """`latent` is the width between convolutions and perceptrons, `hidden` that of these, which have `depth` hidden
    layers."""

    latent: int
    hidden: int
    depth: int = 2


class Actor(nn.Module):
    """features F32[n width] -> a squashed Gaussian over actions in (-1, 1)."""

    def __init__(self, trunk: Trunk, actions: int, sizes: NetworkSizes) -> None:
        super().__init__()
        self.head, width = _head(trunk, sizes)
        self.body = perceptron(width, *[sizes.hidden] * sizes.depth, 2 * actions)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log standard deviations F32[n a] before the squashing."""
        mean, spread = self.body(self.head(features)).chunk(2, dim=1)
        low, high = LOG_STD
        return mean, low + (high - low) * (spread.tanh() + 1) / 2

    def sample(self, features: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Actions F32[n a], through which gradients flow, and their log densities F32[n]."""
        mean, log_std = self(features)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        raw = mean + log_std.exp() * noise
        return raw.tanh(), log_density(raw, noise, log_std)


def log_density(raw: Tensor, noise: Tensor, log_std: Tensor) -> Tensor:
    """F32[n]: the log density of actions tanh(raw), where raw = mean + std * noise, F32[n a] each.

    log(1 - tanh(x)^2) is computed as 2 (log 2 - x - softplus(-2x)), which is finite for saturated actions, too.
    """
    gaussian = -0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi)
    squashing = 2 * (math.log(2) - raw - nn.functional.softplus(-2 * raw))
    return (gaussian - squashing).sum(dim=1)


class Critic(nn.Module):
    """features F32[n width], actions F32[n a] -> two estimates F32[2 n] of the value."""

    def __init__(self, trunk: Trunk, actions: int, sizes: NetworkSizes) -> None:
        super().__init__()
        self.head, width = _head(trunk, sizes)
        widths = (width + actions, *[sizes.hidden] * sizes.depth, 1)
        self.bodies = nn.ModuleList(perceptron(*widths) for _ in range(2))

    def forward(self, features: Tensor, actions: Tensor) -> Tensor:
        inputs = torch.cat([self.head(features), actions], dim=1)
        return torch.stack([body(inputs).squeeze(1) for body in self.bodies])


class ActorCritic(nn.Module):
    """Actor and critic over one trunk, and the temperature of the entropy."""

    def __init__(self, trunk: Trunk, actions: int, sizes: NetworkSizes, temperature: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.actor, self.critic = Actor(trunk, actions, sizes), Critic(trunk, actions, sizes)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)))
        initialise(self)


def _head(trunk: Trunk, sizes: NetworkSizes) -> tuple[nn.Module, int]:
    """The layer after the trunk, and its width; states need none."""
    if isinstance(trunk, NoConvolutions):
        return nn.Identity(), trunk.width
    return project(trunk.width, sizes.latent), sizes.latent
