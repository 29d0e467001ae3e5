"""Sequences of different lengths without their padding: layers that treat each position by itself compute only those
that are kept."""

from typing import Protocol

from torch import Tensor


class Layout(Protocol):
    """How the positions of a batch of sequences lie in memory while a network computes."""

    def pack(self, padded: Tensor) -> Tensor:
        """[B L ...] -> the same positions as they lie in memory."""

    def spread(self, packed: Tensor) -> Tensor:
        """Positions as they lie in memory -> [B L ...]."""


class Padded:
    """All positions, as they are."""

    def pack(self, padded: Tensor) -> Tensor:
        """[B L ...] -> [B L ...]."""
        return padded

    def spread(self, packed: Tensor) -> Tensor:
        """[B L ...] -> [B L ...]."""
        return packed


class Packed:
    """The N positions that `keep` Bool[B L] keeps, sequence by sequence."""

    def __init__(self, keep: Tensor) -> None:
        self._shape = keep.shape
        self._rows = keep.flatten().nonzero().squeeze(1)

    def pack(self, padded: Tensor) -> Tensor:
        """[B L ...] -> [N ...]."""
        return padded.flatten(0, 1).index_select(0, self._rows)

    def spread(self, packed: Tensor) -> Tensor:
        """[N ...] -> [B L ...], with zeros where a position is not kept."""
        table = packed.new_zeros(self._shape.numel(), *packed.shape[1:])
        return table.index_copy(0, self._rows, packed).view(*self._shape, *packed.shape[1:])
