"""Dense networks: a perceptron on pixels, and logistic regression on sparse bags of words."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from harness.tasks.federated.federation import Inputs
from harness.tasks.federated.network import Network, Part, dense

WHITE = 255.0


class Perceptron(Network):
    """One hidden layer of rectified units on the pixels U8[c b h w channels]."""

    def __init__(self, pixels: int, hidden: int, classes: int) -> None:
        super().__init__([*dense("hidden", pixels, hidden), *dense("read", hidden, classes)], classes)

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        hidden, hidden_bias, read, read_bias = self.unpack(weights)
        x = inputs.flatten(2).to(weights.dtype) / WHITE
        return torch.baddbmm(read_bias, torch.baddbmm(hidden_bias, x, hidden).relu(), read)


class Logistic(Network):
    """Logistic regression on bags of words, from zeros.

    A client's gradient is zero but in the rows of the words that its own documents have. So it may be given these rows
    alone: `logits` takes weights of u features, F[c (u classes + classes)], with inputs F[c b u], and `coordinates`
    tells where among all weights they are.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__([Part("weight", (features, classes)), Part("bias", (1, classes))], classes)
        self.features = features

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        weight, bias = weights[:, : -self.classes], weights[:, None, -self.classes :]
        return torch.baddbmm(bias, inputs, weight.unflatten(1, (-1, self.classes)))

    def coordinates(self, words: Tensor) -> Tensor:
        """I64[c q]: the places among all weights of those for the words I64[c u], and of the bias."""
        classes = torch.arange(self.classes, device=words.device)
        rows = words[..., None] * self.classes + classes
        return torch.cat([rows.flatten(1), (self.features * self.classes + classes).expand(len(words), -1)], dim=1)

    def answers(self, models: Tensor, inputs: Inputs) -> np.ndarray:
        weight, bias = self.unpack(models.cpu())
        # One sparse product for all models.
        stacked = weight.movedim(0, 1).flatten(1).numpy()
        assert isinstance(inputs, csr_array)
        logits = (inputs @ stacked).reshape(inputs.shape[0], len(models), self.classes)
        return np.ascontiguousarray(logits.swapaxes(0, 1) + bias.numpy())
