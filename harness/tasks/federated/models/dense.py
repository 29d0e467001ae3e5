"""A perceptron on pixels, and logistic regression on sparse bags of words."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from harness.tasks.federated.models.network import Network, Part, dense_parts
from harness.tasks.federated.problems.clients import UNCOUNTED, Inputs

WHITE = 255.0


class Perceptron(Network):
    """A perceptron with one hidden layer of rectified linear units on the pixels U8[c b h w channels]."""

    def __init__(self, pixels: int, hidden: int, classes: int) -> None:
        super().__init__([*dense_parts("hidden", pixels, hidden), *dense_parts("read", hidden, classes)], classes)

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        hidden, hidden_bias, read, read_bias = self.unpack(weights)
        x = inputs.flatten(2).to(weights.dtype) / WHITE
        return torch.baddbmm(read_bias, torch.baddbmm(hidden_bias, x, hidden).relu(), read)


class Logistic(Network):
    """Logistic regression on bags of words, whose weights start from zero.

    It has no bias: the inputs are small shares of words and need a high learning rate, at which clients with few labels
    each would move a bias back and forth, so that nothing but an adaptive server would learn.

    A client's gradient is zero except in the rows of the words that its own documents have. So a client may be given
    these rows alone: weights F[c (u classes)] with inputs F[c b u]. `coordinates` says which of all weights they are.
    """

    def __init__(self, words: int, classes: int) -> None:
        super().__init__([Part("weight", (words, classes))], classes)

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        return torch.bmm(inputs, torch.unflatten(weights, 1, (-1, self.classes)))

    def gradient(self, weights: Tensor, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The same as `Network.gradient`, computed directly: the product of the inputs with the errors of the
        probabilities."""
        log_probs = self.logits(weights, inputs).log_softmax(-1)
        counted = (labels != UNCOUNTED).to(log_probs.dtype)
        share = (counted / counted.sum(1, keepdim=True).clamp(min=1))[..., None]
        label = labels.clamp(min=0)[..., None]
        loss = -(log_probs.gather(-1, label) * share).sum((1, 2))
        errors = log_probs.exp_().scatter_add_(-1, label, log_probs.new_tensor(-1.0).expand_as(label)).mul_(share)
        return loss, torch.bmm(inputs.mT, errors).flatten(1)

    def coordinates(self, words: Tensor) -> Tensor:
        """I64[c (u classes)]: which of all weights belong to the words I64[c u]."""
        return (words[..., None] * self.classes + torch.arange(self.classes, device=words.device)).flatten(1)

    def answers(self, models: Tensor, inputs: Inputs) -> np.ndarray:
        assert isinstance(inputs, csr_array)
        # A single sparse product serves all models.
        (weight,) = self.unpack(models.cpu())
        logits = inputs @ weight.movedim(0, 1).flatten(1).numpy()
        return np.ascontiguousarray(logits.reshape(-1, len(models), self.classes).swapaxes(0, 1))
