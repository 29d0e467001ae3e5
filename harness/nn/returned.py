"""Checking the tensors and modules that entrants return inside a network or a training loop.

Values are not looked at: a loss that is not finite ends a run anyway.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from harness.core.errors import BadOutput
from harness.core.task import KINDS, checked_instance, has_shape


def returned_like(name: str, returned: Any, like: Tensor) -> Tensor:
    """What an entrant's method or module `name` returned, if it is a tensor of floating-point numbers with the shape of
    `like`.

    A wrong shape may fit the arithmetic that follows, and give wrong scores without an error. Raises `BadOutput` with
    what was returned and what is needed.
    """
    return returned_tensor(name, returned, like.shape)


def returned_tensor(name: str, returned: Any, shape: Sequence[int | None], kind: str = "f") -> Tensor:
    """As `returned_like`, for a shape, in which None stands for any length, and for one of `KINDS`."""
    tensor = checked_instance(name, returned, Tensor)
    if _kind_of(tensor) not in kind or not has_shape(tensor.shape, shape):
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        what = f"{tensor.dtype} of shape {list(tensor.shape)}"
        raise BadOutput(f"{name} returned {what}, the task needs {KINDS[kind]} of shape [{wanted}]")
    return tensor


def _kind_of(tensor: Tensor) -> str:
    """The kind of the tensor's dtype, as in numpy; "i" for all whole numbers."""
    if tensor.is_floating_point():
        return "f"
    return "b" if tensor.dtype == torch.bool else "c" if tensor.is_complex() else "i"


def returned_module(name: str, returned: Any) -> nn.Module:
    """What an entrant's method `name` returned, if it is a module. Raises `BadOutput` as `returned_like` does."""
    return checked_instance(name, returned, nn.Module)
