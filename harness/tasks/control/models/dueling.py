"""The network of Q-learning: values of discrete actions, plain or dueling."""

from torch import Tensor, nn

from harness.tasks.control.models.trunk import Trunk, initialise, perceptron


class QNetwork(nn.Module):
    """pictures [n c h w] -> the values F32[n actions] of all actions.

    A `dueling` network (Wang et al., 2016) adds a value of the state and an advantage of each action, whose mean over
    the actions is 0. Both have one hidden layer.
    """

    def __init__(self, trunk: Trunk, actions: int, hidden: int, *, dueling: bool) -> None:
        super().__init__()
        self.trunk, self.actions = trunk, actions
        self.advantage = perceptron(trunk.width, hidden, actions)
        self.value = perceptron(trunk.width, hidden, 1) if dueling else None
        initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.trunk(pictures)
        advantages: Tensor = self.advantage(features)
        if self.value is None:
            return advantages
        values: Tensor = self.value(features) + advantages - advantages.mean(dim=1, keepdim=True)
        return values
