"""`Network`: a classifier that is evaluated for several clients at once, each with a flat vector of weights."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from harness.tasks.federated.problems.clients import UNCOUNTED, Inputs

ANSWER_BATCH = 256
"""The number of examples that are classified at a time."""


class Part(NamedTuple):
    """A tensor of weights. They start from uniform random numbers in `[-1 / sqrt(fan), 1 / sqrt(fan)]`, or, where `fan`
    is 0, from the constant `fill`."""

    name: str
    shape: tuple[int, ...]
    fan: int = 0
    fill: float = 0.0


class Network(ABC):
    """A classifier that takes the weights of c clients, one row each of F[c p], and the inputs of each client,
    [c b ...].

    One batched product, or one grouped convolution, replaces a loop over clients. On a processor this is up to 3.7
    times as fast as a loop over torch modules for the networks of the tier `small`, and equally fast for convolutions
    of 16 and 32 channels without a stride (`tests/benchmarks/test_federated_speed.py`).
    """

    def __init__(self, parts: Sequence[Part], classes: int) -> None:
        self.parts = tuple(parts)
        self.classes = classes

    @property
    def size(self) -> int:
        """The number of weights, p."""
        return sum(int(np.prod(part.shape)) for part in self.parts)

    def initial(self, generator: torch.Generator) -> Tensor:
        """F32[p]: the weights that training starts from."""
        pieces = []
        for part in self.parts:
            flat = torch.full((int(np.prod(part.shape)),), part.fill)
            pieces.append(flat.uniform_(-(part.fan**-0.5), part.fan**-0.5, generator=generator) if part.fan else flat)
        return torch.cat(pieces)

    @abstractmethod
    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        """The logits F[c b classes], or F[c b L classes] where positions are labelled, for weights F[c p] and inputs
        [c b ...]."""

    def gradient(self, weights: Tensor, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """For each client the mean cross-entropy of its labels I64[c b ...] other than `UNCOUNTED`, F[c], and its
        gradient, F[c p]."""
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
        """F32[m n classes], or F32[m n L classes]: the logits of each of the models F[m p] for the inputs [n ...]."""
        with torch.inference_mode():
            batches = torch.split(torch.tensor(inputs), ANSWER_BATCH)
            logits = [
                torch.cat([self.logits(model[None], batch.to(models.device)[None]) for model in models]).cpu()
                for batch in batches
            ]
        return torch.cat(logits, dim=1).float().numpy()

    def unpack(self, weights: Tensor) -> list[Tensor]:
        """The parts F[c ...] of the weights F[c p], in the order in which the network lists them."""
        pieces = torch.split(weights, [int(np.prod(part.shape)) for part in self.parts], dim=1)
        return [torch.unflatten(piece, 1, part.shape) for piece, part in zip(pieces, self.parts, strict=True)]


def dense_parts(name: str, inputs: int, outputs: int) -> tuple[Part, Part]:
    """The matrix [inputs outputs] and the bias [1 outputs] of a dense layer, initialised in
    `[-1 / sqrt(inputs), 1 / sqrt(inputs)]`."""
    return Part(f"{name}.weight", (inputs, outputs), inputs), Part(f"{name}.bias", (1, outputs), inputs)
