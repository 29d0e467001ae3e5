"""The network of Kenyon cells: which cell wins an input, how its synapses learn, and the energy that falls meanwhile.

Inputs are binary vectors v over N neurons, given by their active neurons: I64[B s], each neuron at most once a row
unless duplicates are to count; entry N is no neuron and fills rows up.
"""

from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

Step: TypeAlias = Literal["max_norm", "plain"]

TINY = 1e-30


class KenyonCells:
    """K cells that are each connected to N input neurons by a weight, and inhibit each other: one of them wins.

    `weights`: F[N K], changed in place. `probability`: F[N], how often each neuron is active; inputs are divided by it
    when they are learned, never when the winner is chosen. Neurons of probability 0 must not be active.
    """

    def __init__(self, weights: Tensor, probability: Tensor) -> None:
        neurons, self.units = weights.shape
        if not bool((weights != 0).any()):
            raise ValueError("all weights are zero: the first cell would win every input; draw them at random")
        self.nothing = neurons
        self._weights = torch.cat([weights, weights.new_zeros(1, self.units)])
        inverse = torch.where(probability > 0, 1 / probability, 0)
        self._inverse = torch.cat([inverse, inverse.new_zeros(1)]).to(weights.dtype)
        self._change = torch.empty_like(self._weights)

    @property
    def weights(self) -> Tensor:
        """F[N K]."""
        return self._weights[:-1]

    def activations(self, inputs: Tensor) -> Tensor:
        """F[B K]: <W, v> for every cell."""
        return functional.embedding_bag(inputs, self._weights, mode="sum", padding_idx=self.nothing)

    def winners(self, inputs: Tensor) -> Tensor:
        """I64[B]: the most active cell, the lowest number of equals."""
        activations = self.activations(inputs)
        if activations.is_cuda:
            return activations.argmax(dim=1)
        # On the processor numpy's argmax is seven times as fast as torch's.
        return torch.from_numpy(activations.numpy().argmax(axis=1))

    def energy(self, inputs: Tensor) -> float:
        """E / B, the mean over the inputs of -<W, v/p> / |W| for the winning cell."""
        winners = self.winners(inputs)
        drive = self._drive(inputs, winners)[2]
        norms = torch.linalg.vector_norm(self._weights, dim=0)
        return -float((drive / norms[winners]).mean())

    def learn(self, inputs: Tensor, rate: float, step: Step = "max_norm") -> None:
        """Add to the winners' weights the sum over the inputs of v/p - <W, v/p> W, times the rate.

        With `max_norm` the sum is first divided by its largest entry, so that no weight moves farther than `rate`.
        """
        winners = self.winners(inputs)
        synapses, scaled, drive = self._drive(inputs, winners)
        decay = drive.new_zeros(self.units).index_add_(0, winners, drive)
        torch.mul(self._weights, -decay, out=self._change)
        self._change.view(-1).index_add_(0, synapses.view(-1), scaled.view(-1))
        if step == "max_norm":
            low, high = torch.aminmax(self._change)
            rate /= max(float(high), -float(low), TINY)
        self._weights.add_(self._change, alpha=rate)

    def _drive(self, inputs: Tensor, winners: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The active synapses of the winners I64[B s], as entries of the flat weights; v/p there F[B s]; <W, v/p>."""
        synapses = inputs * self.units + winners[:, None]
        scaled = self._inverse[inputs]
        return synapses, scaled, (self._weights.view(-1)[synapses] * scaled).sum(dim=1)
