"""The network of Kenyon cells: which cell wins an input, how its synapses learn, and the energy that training reduces.

Inputs are binary vectors v over N neurons, given by their active neurons I64[B s]. A neuron occurs at most once in a
row, unless duplicates are to count. The entry N is no neuron and pads rows.
"""

from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

Step: TypeAlias = Literal["max_norm", "plain"]

TINY = 1e-30
LEAST_FACTOR = 1e-20
"""The smallest factor of a cell. Weights are stored divided by their cell's factor."""


class KenyonCells:
    """K cells, each connected to N input neurons by weights. They inhibit each other, so that one of them wins each
    input.

    Made from weights F[N K], which are copied, and `probability` F[N], the share of inputs in which each neuron is
    active. Inputs are divided by the probability when they are learned, but not when the winner is chosen. Neurons of
    probability 0 must never be active. Raises `ValueError` if all weights are zero.

    A step touches only the synapses of active neurons. What it subtracts from all weights of a cell is proportional to
    them and is kept as one factor for each cell, so that the time of a step does not depend on N.
    """

    def __init__(self, weights: Tensor, probability: Tensor) -> None:
        neurons, self.units = weights.shape
        if not bool((weights != 0).any()):
            raise ValueError("all weights are zero: the first cell would win every input; draw them at random")
        self.padding = neurons
        self._unscaled = torch.cat([weights, weights.new_zeros(1, self.units)])  # a last row for `padding`
        self._factors = weights.new_ones(self.units)
        self._bounds = weights.abs().amax(dim=0)  # upper bounds on the absolute weights of each cell
        inverse = torch.where(probability > 0, 1 / probability, 0)
        self._inverse = torch.cat([inverse, inverse.new_zeros(1)]).to(weights.dtype)
        self._summed = torch.zeros_like(self._unscaled).view(-1)  # zeros between steps

    @property
    def weights(self) -> Tensor:
        """F[N K]: a copy of the weights."""
        return self._unscaled[:-1] * self._factors

    def activations(self, inputs: Tensor) -> Tensor:
        """F[B K]: `<W, v>` for every cell."""
        return functional.embedding_bag(inputs, self._unscaled, mode="sum", padding_idx=self.padding) * self._factors

    def winners(self, inputs: Tensor) -> Tensor:
        """I64[B]: the most active cell; among equal ones the first."""
        activations = self.activations(inputs)
        if activations.is_cuda:
            return activations.argmax(dim=1)
        # On the processor numpy's argmax is seven times as fast as torch's.
        return torch.from_numpy(activations.numpy().argmax(axis=1))

    def energy(self, inputs: Tensor) -> float:
        """`E / B`: the mean over the inputs of `-<W, v/p> / |W|` for the winning cell."""
        winners = self.winners(inputs)
        _, scaled, weights = self._active(inputs, winners)
        norms = torch.linalg.vector_norm(self._unscaled, dim=0) * self._factors.abs()
        return -float(((weights * scaled).sum(dim=1) / norms[winners]).mean())

    def learn(self, inputs: Tensor, rate: float, step: Step = "max_norm") -> None:
        """Add the sum over the inputs of `v/p - <W, v/p> W`, times the rate, to the winners' weights.

        With `max_norm` the sum is first divided by its largest entry, so that no weight changes by more than `rate`.
        """
        winners = self.winners(inputs)
        synapses, scaled, weights = self._active(inputs, winners)
        drive = (weights * scaled).sum(dim=1)
        decay = drive.new_zeros(self.units).index_add_(0, winners, drive)
        entries = synapses.view(-1)
        self._summed.index_add_(0, entries, scaled.view(-1))
        gain = self._summed[entries].view_as(scaled)
        change = gain - decay[winners, None] * weights
        if step == "max_norm":
            rate /= max(self._largest_change(change, decay), TINY)
        self._summed[entries] = 0
        self._shrink(1 - rate * decay)
        learned = weights + rate * change
        # A synapse of several inputs is written several times, always with the same value.
        self._unscaled.view(-1)[entries] = (learned / self._factors[winners, None]).view(-1)
        cells = winners.repeat_interleave(inputs.shape[1])
        self._bounds.scatter_reduce_(0, cells, learned.abs().view(-1), "amax")

    def _active(self, inputs: Tensor, winners: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The active synapses of the winners I64[B s], as indices into the flat weights; and v/p and W at these,
        F[B s]."""
        synapses = inputs * self.units + winners[:, None]
        weights = self._unscaled.view(-1)[synapses] * self._factors[winners, None]
        return synapses, self._inverse[inputs], weights

    def _largest_change(self, change: Tensor, decay: Tensor) -> float:
        """The largest entry of the whole change. Outside active synapses the change is -decay W, which is computed for
        all weights only if the bounds on W allow that its largest entry is there."""
        active = float(change.abs().max())
        if float((decay.abs() * self._bounds).max()) <= active:
            return active
        weights = self._unscaled * self._factors
        self._bounds = weights.abs().amax(dim=0)
        return float(weights.mul_(-decay).view(-1).add_(self._summed).abs().max())

    def _shrink(self, shares: Tensor) -> None:
        """Multiply the weights of each cell by its share. All factors are multiplied into the stored weights before one
        leaves the range of floats."""
        self._factors *= shares
        self._bounds *= shares.abs()
        if float(self._factors.abs().min()) < LEAST_FACTOR:
            self._unscaled *= self._factors
            self._factors.fill_(1)
