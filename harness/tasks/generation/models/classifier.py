"""`Classifier`: a small convolutional network, whose features measure distances and whose gradients guide sampling."""

from typing import Any

import torch
from torch import Tensor, nn

from harness.tasks.generation.models.embedding import Embedding


class Classifier(nn.Module):
    """Three convolutions, each at half the resolution of the one before but the first, then the mean over positions and
    a linear layer. It may be told how noisy its images are."""

    def __init__(self, channels: int, width: int, classes: int) -> None:
        super().__init__()
        sizes = [(channels, width, 1), (width, 2 * width, 2), (2 * width, 4 * width, 2)]
        self.layers = nn.ModuleList(nn.Conv2d(inputs, outputs, 3, stride, 1) for inputs, outputs, stride in sizes)
        self.norms = nn.ModuleList(nn.GroupNorm(4, outputs) for _, outputs, _ in sizes)
        self.embed = Embedding(width)
        self.shifts = nn.ModuleList(nn.Linear(width, outputs) for _, outputs, _ in sizes)
        self.read = nn.Linear(4 * width, classes)

    def features(self, brightness: Tensor, sigma: Tensor) -> Tensor:
        """F32[n 4width]: the features of images with a brightness F32[n c h w] to which noise of deviation sigma
        F32[n] was added."""
        level = self.embed(sigma.log1p())
        states = (2 * brightness - 1) / (1 + 4 * sigma**2).sqrt()[:, None, None, None]
        for layer, norm, shift in zip(self.layers, self.norms, self.shifts, strict=True):
            states = nn.functional.silu(norm(layer(states)) + shift(level)[..., None, None])
        return states.mean(dim=(2, 3))

    def forward(self, brightness: Tensor, sigma: Tensor) -> Tensor:
        """F32[n classes]: the logits."""
        logits: Tensor = self.read(self.features(brightness, sigma))
        return logits


def restored(arrays: Any, channels: int, width: int, classes: int) -> Classifier:
    """The classifier whose weights are these arrays by name, ready for use."""
    classifier = Classifier(channels, width, classes)
    classifier.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return classifier.eval().requires_grad_(False)
