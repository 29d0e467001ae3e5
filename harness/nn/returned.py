"""Checking the tensors that entrants return inside a network or a training loop."""

from torch import Tensor

from harness.core.errors import BadOutput


def returned_like(name: str, returned: Tensor, like: Tensor) -> Tensor:
    """What an entrant's method or module `name` returned, if it is a tensor of floating-point numbers with the shape of
    `like`.

    A wrong shape may fit the arithmetic that follows, and give wrong scores without an error. Raises `BadOutput` with
    what was returned and what is needed. Values are not looked at: a loss that is not finite ends a run anyway.
    """
    needed = f"the task needs floating-point numbers of shape {list(like.shape)}"
    if not isinstance(returned, Tensor):
        raise BadOutput(f"{name} returned a {type(returned).__name__}, {needed}")
    if returned.shape != like.shape or not returned.is_floating_point():
        raise BadOutput(f"{name} returned {returned.dtype} of shape {list(returned.shape)}, {needed}")
    return returned
