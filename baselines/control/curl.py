"""CURL: soft actor-critic from random crops, whose encoder also learns to tell observations apart."""

import numpy as np
import torch
from torch import Tensor, nn

from harness.tasks.control import AugmentedSac, Minibatch, Sac, Views


class Curl(AugmentedSac):
    """Contrastive learning beside soft actor-critic (Laskin et al., 2020).

    Two random crops of an observation are encoded, one by the critic's encoder and one by that of its target network,
    and must match better than crops of the minibatch's other observations. As in the authors' code, critic and actor
    learn from crops, too. Crops are taken from images with repeated edges, where the authors render larger ones: these
    are the shifts of DrQ [1,1], so that what differs is the contrastive loss. The target encoder follows as fast as the
    target critic, where the authors' follows faster.
    """

    name = "curl"
    from_tier = "small"

    def padding(self, pad: int) -> int:
        return pad

    def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        now, later, positives = (frames.crop_at_random(rng) for frames in (batch.now, batch.later, batch.now))
        return Views([now], [later], extra=[positives])

    def auxiliary(self, latent: int) -> nn.Module:
        return Contrast(latent)


class Contrast(nn.Module):
    """The contrastive loss (InfoNCE) with a bilinear similarity (van den Oord et al., 2018)."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.similarity = nn.Parameter(torch.rand(latent, latent))

    def forward(self, sac: Sac, views: Views) -> Tensor:
        """The cross-entropy of finding, among the encodings of all other crops, that of the same observation."""
        anchors = sac.networks.critic.head(sac.networks.trunk(views.now[0]))
        with torch.no_grad():
            positives = sac.target_critic.head(sac.target_trunk(views.extra[0]))
        logits = anchors @ self.similarity @ positives.T
        return nn.functional.cross_entropy(logits, torch.arange(len(logits), device=logits.device))
