"""Q-learning of discrete actions (Mnih et al., 2015; van Hasselt et al., 2016) with open views of its observations."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.core.checkpoints import Stateful
from harness.nn.training import evaluating
from harness.tasks.control.models.dueling import QNetwork
from harness.tasks.control.models.noisy import draw_noise
from harness.tasks.control.training.optimisers import adam, approach, minimise
from harness.tasks.control.training.replay import Minibatch
from harness.tasks.control.training.views import Views


class Dqn:
    """Acts by the network, and updates it by a run's settings.

    It tries a random action with a probability that falls from 1 to `epsilon` over the `epsilon_steps` steps after the
    random ones. With `double`, the network chooses the actions whose values the target network gives.

    `noise` is the generator of noisy layers' noise, None where there are no such layers. Then no action is random after
    the first ones: before each action, and for both networks before each update, noise is drawn.
    """

    def __init__(
        self,
        network: QNetwork,
        settings: Mapping[str, Any],
        rng: np.random.Generator,
        *,
        lr: float,
        double: bool,
        noise: torch.Generator | None = None,
    ) -> None:
        self.network, self.target = network, deepcopy(network)
        self._settings, self._rng, self._double, self._noise = settings, rng, double, noise
        self._optimizer = adam(list(network.parameters()), lr, settings)
        self._updates = 0

    def state_dict(self) -> dict[str, Any]:
        """What updates change."""
        return {"parts": [part.state_dict() for part in self._parts], "updates": self._updates}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from another state."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._updates = state_dict["updates"]

    @property
    def _parts(self) -> tuple[Stateful, ...]:
        return self.network, self.target, self._optimizer

    def explore(self, pictures: Tensor, steps: int) -> np.ndarray:
        """I64[n]: the actions of highest value, or random ones; with noisy layers, those of highest noisy value."""
        if self._noise is not None:
            draw_noise(self.network, self._noise)
            return self._best(pictures)
        best = self._best(pictures)
        random = self._rng.integers(self.network.actions, size=len(best))
        return np.where(self._rng.random(len(best)) < self.epsilon(steps), random, best)

    def epsilon(self, steps: int) -> float:
        """The probability of a random action after so many steps."""
        since: float = (steps - self._settings["random_steps"]) / self._settings["epsilon_steps"]
        least: float = self._settings["epsilon"]
        return 1 - (1 - least) * min(1.0, max(0.0, since))

    def act(self, pictures: Tensor) -> np.ndarray:
        """I64[n]: the actions of highest value, without noise."""
        with evaluating(self.network):
            return self._best(pictures)

    @torch.no_grad()
    def _best(self, pictures: Tensor) -> np.ndarray:
        best: np.ndarray = self.network(pictures).argmax(dim=1).cpu().numpy()
        return best

    def update(self, batch: Minibatch, views: Views) -> Tensor:
        """One update of the network, and of the target network where it is due. Its loss is a mean over views and
        transitions. Returns the loss of each transition F32[B], without its weight."""
        if self._noise is not None:
            draw_noise(self.network, self._noise)
            draw_noise(self.target, self._noise)
        losses = self.losses(batch, views).view(len(views.now), -1)
        minimise(views.scale * (losses * batch.weights).mean(), self._optimizer)
        self._updates += 1
        if self._updates % self._settings["target_every"] == 0:
            approach(self.target, self.network, self._settings["tau"])
        return views.scale * losses.detach().mean(dim=0)

    def losses(self, batch: Minibatch, views: Views) -> Tensor:
        """F32[M*B]: Huber's loss of each transition in each of M views, one view after the other."""
        n = len(views.now)
        targets = self.targets(batch, views)
        values = self.network(torch.cat(list(views.now))).gather(1, batch.actions.repeat(n)[:, None]).squeeze(1)
        return nn.functional.smooth_l1_loss(values, targets.repeat(n), reduction="none")

    @torch.no_grad()
    def targets(self, batch: Minibatch, views: Views) -> Tensor:
        """F32[B]: the rewards and the discounted mean, over the later views, of the best action's value."""
        later = torch.cat(list(views.later))
        values = self.target(later)
        best = (self.network(later) if self._double else values).argmax(dim=1, keepdim=True)
        mean = values.gather(1, best).view(-1, len(batch.rewards)).mean(dim=0)
        targets: Tensor = batch.rewards + batch.discounts * mean
        return targets
