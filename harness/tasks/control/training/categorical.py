"""Q-learning of distributions over returns (C51; Bellemare et al., 2017)."""

import torch
from torch import Tensor

from harness.tasks.control.models.dueling import CategoricalNetwork
from harness.tasks.control.training.dqn import Dqn
from harness.tasks.control.training.replay import Minibatch
from harness.tasks.control.training.views import Views


class CategoricalDqn(Dqn):
    """The same, but what is learned is the distribution of an action's return: the loss is the cross-entropy to that
    of its target."""

    network: CategoricalNetwork
    target: CategoricalNetwork

    def losses(self, batch: Minibatch, views: Views) -> Tensor:
        """F32[M*B]: the cross-entropy of each transition in each of M views, one view after the other."""
        n = len(views.now)
        targets = self.target_distributions(batch, views)
        logs = _of_actions(self.network.log_probabilities(torch.cat(list(views.now))), batch.actions.repeat(n))
        losses: Tensor = -(targets.repeat(n, 1) * logs).sum(dim=1)
        return losses

    @torch.no_grad()
    def target_distributions(self, batch: Minibatch, views: Views) -> Tensor:
        """F32[B atoms]: the mean, over the later views, of the distribution of the reward plus the discounted return of
        the best action."""
        later, support = torch.cat(list(views.later)), self.target.support
        probabilities = self.target.log_probabilities(later).exp()
        values = self.network(later) if self._double else probabilities @ support
        best = _of_actions(probabilities, values.argmax(dim=1))
        k = len(views.later)
        moved = project(best, batch.rewards.repeat(k), batch.discounts.repeat(k), support)
        mean: Tensor = moved.view(k, -1, len(support)).mean(dim=0)
        return mean


def project(probabilities: Tensor, rewards: Tensor, discounts: Tensor, support: Tensor) -> Tensor:
    """F32[n atoms]: the distributions of reward + discount * return, for returns on the support F32[atoms] with
    probabilities F32[n atoms].

    Each return that lies between two of the support is shared by the two, the nearer of which gets more; what lies
    beyond the ends goes to them.
    """
    least, most = support[0], support[-1]
    returns = (rewards[:, None] + discounts[:, None] * support).clamp(least, most)
    distance = (most - least) / (len(support) - 1)
    shares = (1 - (returns[:, :, None] - support).abs() / distance).clamp(min=0)
    return torch.einsum("nj,nji->ni", probabilities, shares)


def _of_actions(values: Tensor, actions: Tensor) -> Tensor:
    """F32[n atoms]: those of one action I64[n] each, of F32[n actions atoms]."""
    return values[torch.arange(len(actions), device=actions.device), actions]
