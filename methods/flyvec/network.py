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
LEAST_FACTOR = 1e-20
"""Weights are stored divided by a factor; it never falls below this."""


class KenyonCells:
    """K cells that are each connected to N input neurons by a weight, and inhibit each other: one of them wins.

    Made from weights F[N K], which are copied, and `probability` F[N]: how often each neuron is active. Inputs are
    divided by it when they are learned, never when the winner is chosen; neurons of probability 0 must not be active.

    A step touches the synapses of active neurons alone. What it takes from all weights of a cell, in proportion, is
    kept as one factor a cell, so that the price of a step does not depend on N.
    """

    def __init__(self, weights: Tensor, probability: Tensor) -> None:
        neurons, self.units = weights.shape
        if not bool((weights != 0).any()):
            raise ValueError("all weights are zero: the first cell would win every input; draw them at random")
        self.nothing = neurons
        self._unscaled = torch.cat([weights, weights.new_zeros(1, self.units)])  # a last row for `nothing`
        self._factors = weights.new_ones(self.units)
        self._largest = weights.abs().amax(dim=0)  # no weight of a cell is larger
        inverse = torch.where(probability > 0, 1 / probability, 0)
        self._inverse = torch.cat([inverse, inverse.new_zeros(1)]).to(weights.dtype)
        self._summed = torch.zeros_like(self._unscaled).view(-1)  # zeros between steps

    @property
    def weights(self) -> Tensor:
        """F[N K], a copy."""
        return self._unscaled[:-1] * self._factors

    def activations(self, inputs: Tensor) -> Tensor:
        """F[B K]: <W, v> for every cell."""
        return functional.embedding_bag(inputs, self._unscaled, mode="sum", padding_idx=self.nothing) * self._factors

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
        _, scaled, weights = self._active(inputs, winners)
        norms = torch.linalg.vector_norm(self._unscaled, dim=0) * self._factors.abs()
        return -float(((weights * scaled).sum(dim=1) / norms[winners]).mean())

    def learn(self, inputs: Tensor, rate: float, step: Step = "max_norm") -> None:
        """Add to the winners' weights the sum over the inputs of v/p - <W, v/p> W, times the rate.

        With `max_norm` the sum is first divided by its largest entry, so that no weight moves farther than `rate`.
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
        # A synapse that several inputs share is written several times, with one value.
        self._unscaled.view(-1)[entries] = (learned / self._factors[winners, None]).view(-1)
        cells = winners.repeat_interleave(inputs.shape[1])
        self._largest.scatter_reduce_(0, cells, learned.abs().view(-1), "amax")

    def _active(self, inputs: Tensor, winners: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The active synapses of the winners I64[B s], as entries of the flat weights; v/p and W there, F[B s]."""
        synapses = inputs * self.units + winners[:, None]
        weights = self._unscaled.view(-1)[synapses] * self._factors[winners, None]
        return synapses, self._inverse[inputs], weights

    def _largest_change(self, change: Tensor, decay: Tensor) -> float:
        """The largest entry of the whole change. Elsewhere than at active synapses it is -decay W; all of these are
        looked at only where the bounds on W do not rule out that one of them is the largest."""
        active = float(change.abs().max())
        if float((decay.abs() * self._largest).max()) <= active:
            return active
        whole = self._unscaled * self._factors
        self._largest = whole.abs().amax(dim=0)
        return float(whole.mul_(-decay).view(-1).add_(self._summed).abs().max())

    def _shrink(self, shares: Tensor) -> None:
        """Multiply each cell's weights by its share; all are written out before a factor leaves the range of floats."""
        self._factors *= shares
        self._largest *= shares.abs()
        if float(self._factors.abs().min()) < LEAST_FACTOR:
            self._unscaled *= self._factors
            self._factors.fill_(1)
