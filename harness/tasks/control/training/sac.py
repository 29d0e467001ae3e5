"""Soft actor-critic (Haarnoja et al., 2018) with open views of its observations."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.core.checkpoints import Stateful
from harness.nn.returned import returned_tensor
from harness.tasks.control.models.actor_critic import ActorCritic
from harness.tasks.control.training.optimisers import adam, approach, minimise
from harness.tasks.control.training.replay import Minibatch
from harness.tasks.control.training.views import Views


class Sac:
    """Acts by the networks, and updates them by a run's settings.

    `auxiliary` is a loss, a module (`Sac`, views) -> a scalar, that trunk and critic's head learn from besides; or
    None.
    """

    def __init__(
        self,
        networks: ActorCritic,
        settings: Mapping[str, Any],
        generator: torch.Generator,
        *,
        lr: float,
        auxiliary: nn.Module | None = None,
    ) -> None:
        self.networks = networks
        self.target_trunk, self.target_critic = deepcopy(networks.trunk), deepcopy(networks.critic)
        self._followed = nn.ModuleList([networks.trunk, networks.critic])
        self._targets = nn.ModuleList([self.target_trunk, self.target_critic])
        self._generator, self._auxiliary, self._settings = generator, auxiliary, settings
        encoder = [*networks.trunk.parameters(), *networks.critic.head.parameters()]
        self._critic_optimizer = adam([*networks.trunk.parameters(), *networks.critic.parameters()], lr, settings)
        self._actor_optimizer = adam(list(networks.actor.parameters()), lr, settings)
        self._temperature_optimizer = adam([networks.log_temperature], lr, settings)
        if auxiliary is not None:
            self._auxiliary_optimizer = adam([*encoder, *auxiliary.parameters()], lr, settings)
        self._updates = 0

    def state_dict(self) -> dict[str, Any]:
        """What updates change."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return {"parts": parts, "updates": self._updates}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from another state."""
        for name, part in self._parts().items():
            part.load_state_dict(state_dict["parts"][name])
        self._updates = state_dict["updates"]

    @torch.no_grad()
    def explore(self, pictures: Tensor, steps: int) -> np.ndarray:
        """F32[n a]: actions drawn from the policy."""
        actions, _ = self.networks.actor.sample(self.networks.trunk(pictures), self._generator)
        drawn: np.ndarray = actions.cpu().numpy()
        return drawn

    @torch.no_grad()
    def act(self, pictures: Tensor) -> np.ndarray:
        """F32[n a]: the policy's mean actions."""
        mean, _ = self.networks.actor(self.networks.trunk(pictures))
        actions: np.ndarray = mean.tanh().cpu().numpy()
        return actions

    @torch.no_grad()
    def values(self, pictures: Tensor, actions: Tensor) -> np.ndarray:
        """F32[n]: the mean of the two critics' estimates."""
        estimates = self.networks.critic(self.networks.trunk(pictures), actions)
        values: np.ndarray = estimates.mean(dim=0).cpu().numpy()
        return values

    def update(self, batch: Minibatch, views: Views) -> Tensor:
        """One update of the critic, and of actor, temperature and target networks where they are due. Returns the
        critic's loss."""
        with torch.no_grad():
            targets = self.targets(batch, views)
        loss = self._update_critic(batch, views, targets)
        if self._updates % self._settings["actor_every"] == 0:
            self._update_actor(views.now[0])
        self._follow()
        return loss

    def update_values(self, batch: Minibatch, views: Views, later_actions: Tensor) -> Tensor:
        """One update of the critic alone, for the values of a policy without entropy, whose actions afterwards are
        F32[B a]. Returns the critic's loss."""
        with torch.no_grad():
            actions = later_actions.repeat(len(views.later), 1)
            later = self.target_trunk(torch.cat(list(views.later)))
            targets = averaged_target(batch, self.target_critic(later, actions))
        loss = self._update_critic(batch, views, targets)
        self._follow()
        return loss

    def targets(self, batch: Minibatch, views: Views) -> Tensor:
        """F32[B]: the rewards and the discounted mean, over the later views, of the smaller critic's value minus the
        temperature times the log density, for an action that the policy takes in that view."""
        networks, later = self.networks, torch.cat(list(views.later))
        actions, log_densities = networks.actor.sample(networks.trunk(later), self._generator)
        estimates = self.target_critic(self.target_trunk(later), actions)
        return averaged_target(batch, estimates, networks.log_temperature.exp() * log_densities)

    def _update_critic(self, batch: Minibatch, views: Views, targets: Tensor) -> Tensor:
        """The loss is the squared errors of both critics, added; a mean over views and transitions."""
        n = len(views.now)
        features = self.networks.trunk(torch.cat(list(views.now)))
        estimates = self.networks.critic(features, batch.actions.repeat(n, 1))
        loss = views.scale * (estimates - targets.repeat(n)).square().mean(dim=1).sum()
        minimise(loss, self._critic_optimizer)
        if self._auxiliary is not None:
            minimise(returned_tensor("auxiliary", self._auxiliary(self, views), ()), self._auxiliary_optimizer)
        detached: Tensor = loss.detach()
        return detached

    def _update_actor(self, pictures: Tensor) -> None:
        """One update of actor and temperature. Neither changes the trunk."""
        networks = self.networks
        with torch.no_grad():
            features = networks.trunk(pictures)
        actions, log_densities = networks.actor.sample(features, self._generator)
        temperature = networks.log_temperature.exp()
        values = networks.critic(features, actions).amin(dim=0)
        minimise((temperature.detach() * log_densities - values).mean(), self._actor_optimizer)
        surplus = -log_densities.detach() + actions.shape[1]  # above the target entropy, -|A|
        minimise((temperature * surplus).mean(), self._temperature_optimizer)

    def _parts(self) -> dict[str, Stateful]:
        parts: dict[str, Stateful] = {
            "networks": self.networks,
            "targets": self._targets,
            "critic optimizer": self._critic_optimizer,
            "actor optimizer": self._actor_optimizer,
            "temperature optimizer": self._temperature_optimizer,
        }
        if self._auxiliary is not None:
            parts |= {"auxiliary": self._auxiliary, "auxiliary optimizer": self._auxiliary_optimizer}
        return parts

    def _follow(self) -> None:
        """Move the target networks, where that is due."""
        self._updates += 1
        if self._updates % self._settings["target_every"] == 0:
            approach(self._targets, self._followed, self._settings["tau"])


def averaged_target(batch: Minibatch, estimates: Tensor, penalty: Tensor | float = 0.0) -> Tensor:
    """F32[B]: the targets from two critics' estimates F32[2 K*B] and a penalty F32[K*B], for K views. In each view the
    smaller estimate is taken; then views are averaged."""
    values = (estimates.amin(dim=0) - penalty).view(-1, len(batch.rewards)).mean(dim=0)
    return batch.rewards + batch.discounts * values
