"""`Network`: a classifier whose weights are one flat vector a client, for several clients at once."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from harness.tasks.federated.problems.clients import UNCOUNTED, Inputs

ANSWERED = 256
"""Examples that are answered at a time."""


class Part(NamedTuple):
    """A tensor of weights: drawn evenly from -+ 1 / sqrt(`fan`) at first; constantly `fill` where `fan` is 0."""

    name: str
    shape: tuple[int, ...]
    fan: int = 0
    fill: float = 0.0


class Network(ABC):
    """A classifier that is given the weights of c clients, a row F[c p] each, and the inputs of each, [c b ...].

    One batched product, or one grouped convolution, takes the place of a loop over clients: on a processor up to 3.7
    times as fast as a loop over torch modules for the small tier's networks, and as fast for convolutions of 16 and 32
    channels without a stride (`tests/benchmarks/test_federated_speed.py`).
    """

    def __init__(self, parts: Sequence[Part], classes: int) -> None:
        self.parts = tuple(parts)
        self.classes = classes

    @property
    def size(self) -> int:
        """How many weights a client has."""
        return sum(int(np.prod(part.shape)) for part in self.parts)

    def initial(self, generator: torch.Generator) -> Tensor:
        """F32[p]: the weights that training starts from."""
        drawn = []
        for part in self.parts:
            flat = torch.full((int(np.prod(part.shape)),), part.fill)
            drawn.append(flat.uniform_(-(part.fan**-0.5), part.fan**-0.5, generator=generator) if part.fan else flat)
        return torch.cat(drawn)

    @abstractmethod
    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        """F[c b classes], or F[c b L classes] where positions are labelled, for weights F[c p] and inputs [c b ...]."""

    def gradient(self, weights: Tensor, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The mean cross-entropy of each client's labels I64[c b ...] that count, F[c], and its gradient, F[c p]."""
        weights = weights.detach().requires_grad_()
        with torch.enable_grad():
            logits = self.logits(weights, inputs)
            losses = nn.functional.cross_entropy(
                logits.flatten(end_dim=-2), labels.flatten(), ignore_index=UNCOUNTED, reduction="none"
            )
            counted = (labels != UNCOUNTED).flatten(1).sum(1)
            loss = losses.view(len(weights), -1).sum(1) / counted.clamp(min=1)
            (gradient,) = torch.autograd.grad(loss.sum(), weights)
        return loss.detach(), gradient

    def answers(self, models: Tensor, inputs: Inputs) -> np.ndarray:
        """F32[m n classes], or F32[m n L classes]: the logits of each model of F[m p] for the inputs [n ...]."""
        with torch.inference_mode():
            pieces = torch.split(torch.tensor(inputs), ANSWERED)
            found = [
                torch.cat([self.logits(model[None], piece.to(models.device)[None]) for model in models]).cpu()
                for piece in pieces
            ]
        return torch.cat(found, dim=1).float().numpy()

    def unpack(self, weights: Tensor) -> list[Tensor]:
        """The parts F[c ...] of the weights F[c p], in their order."""
        pieces = torch.split(weights, [int(np.prod(part.shape)) for part in self.parts], dim=1)
        return [torch.unflatten(piece, 1, part.shape) for piece, part in zip(pieces, self.parts, strict=True)]


def dense(name: str, inputs: int, outputs: int) -> tuple[Part, Part]:
    """Matrix [inputs outputs] and bias [1 outputs] of a layer, from -+ 1 / sqrt(inputs)."""
    return Part(f"{name}.weight", (inputs, outputs), inputs), Part(f"{name}.bias", (1, outputs), inputs)
