"""`Views`: the versions of a minibatch's observations that an agent learns from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from harness.core.errors import BadOutput
from harness.core.task import checked_instance, checked_number
from harness.nn.returned import returned_tensor
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


def check_views(views: Views, batch: Minibatch) -> Views:
    """The views of a minibatch. Raises `BadOutput` unless there are some of each kind, all with the shape of the
    minibatch's observations."""
    checked_instance("views", views, Views)
    checked_number("views (scale)", views.scale)
    for kind in ("now", "later", "extra"):
        checked_instance(f"views ({kind})", getattr(views, kind), list, tuple)
    if not views.now or not views.later:
        numbers = f"{len(views.now)} views of now and {len(views.later)} of later"
        raise BadOutput(f"views returned {numbers}, the task needs at least one each")
    for kind, frames in (("now", batch.now), ("later", batch.later), ("extra", batch.now)):
        for view in getattr(views, kind):
            returned_tensor(f"views ({kind})", view, frames.shape, "fiu")
    return views


Treatment: TypeAlias = Callable[[Minibatch], Views]
"""Gives the views of a minibatch."""
