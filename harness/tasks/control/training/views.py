"""`Views`: the versions of a minibatch's observations that an agent learns from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from harness.tasks.control.training.replay import Minibatch


@dataclass(frozen=True)
class Views:
    """Versions [B c h w] of the observations of a minibatch: `now` those whose values are learned, `later` those that
    targets are computed from. A target is the mean over `later`; the loss is the mean over `now`, times `scale`. The
    actor learns from the first of `now`; `extra` are versions for an auxiliary loss."""

    now: Sequence[Tensor]
    later: Sequence[Tensor]
    scale: float = 1.0
    extra: Sequence[Tensor] = ()


Treatment: TypeAlias = Callable[[Minibatch], Views]
"""Gives the views of a minibatch."""
