"""The networks of Q-learning: values of discrete actions, plain or dueling, or distributions of returns."""

from functools import partial

import torch
from torch import Tensor, nn

from harness.tasks.control.models.noisy import NoisyLinear
from harness.tasks.control.models.trunk import Trunk, initialise, perceptron


class QNetwork(nn.Module):
    """pictures [n c h w] -> the values F32[n actions] of all actions.

    A `dueling` network (Wang et al., 2016) adds a value of the state and an advantage of each action, whose mean over
    the actions is 0. Both have one hidden layer. `atoms` is the number of outputs for each action. `noise` is what the
    deviations of noisy layers begin with; with 0, layers are plain.
    """

    def __init__(
        self, trunk: Trunk, actions: int, hidden: int, *, dueling: bool, atoms: int = 1, noise: float = 0.0
    ) -> None:
        super().__init__()
        self.trunk, self.actions, self.atoms = trunk, actions, atoms
        linear = partial(NoisyLinear, scale=noise) if noise else nn.Linear
        self.advantage = perceptron(trunk.width, hidden, actions * atoms, linear=linear)
        self.value = perceptron(trunk.width, hidden, atoms, linear=linear) if dueling else None
        initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.trunk(pictures)
        advantages: Tensor = self.advantage(features)
        if self.value is None:
            return advantages
        values: Tensor = self.value(features) + advantages - advantages.mean(dim=1, keepdim=True)
        return values


class CategoricalNetwork(QNetwork):
    """The same values, as means of distributions over returns (C51; Bellemare et al., 2017): `support` F32[atoms] are
    returns from -`most` to `most` at equal distances."""

    support: Tensor

    def __init__(
        self, trunk: Trunk, actions: int, hidden: int, *, dueling: bool, atoms: int, most: float, noise: float = 0.0
    ) -> None:
        super().__init__(trunk, actions, hidden, dueling=dueling, atoms=atoms, noise=noise)
        self.register_buffer("support", torch.linspace(-most, most, atoms))

    def forward(self, pictures: Tensor) -> Tensor:
        values: Tensor = self.log_probabilities(pictures).exp() @ self.support
        return values

    def log_probabilities(self, pictures: Tensor) -> Tensor:
        """F32[n actions atoms]: the logarithm of each return's probability."""
        features = self.trunk(pictures)
        logits: Tensor = self.advantage(features).view(len(features), self.actions, self.atoms)
        if self.value is not None:
            logits = self.value(features)[:, None] + logits - logits.mean(dim=1, keepdim=True)
        return logits.log_softmax(dim=2)
