"""Steps of optimisers, and target networks that follow."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn


def adam(weights: Sequence[nn.Parameter], lr: float, settings: Mapping[str, Any]) -> torch.optim.Optimizer:
    """Adam with the run's settings."""
    return torch.optim.Adam(weights, lr=lr, eps=settings["adam_epsilon"], fused=True)


def minimise(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """One step of an optimizer, for the gradients of its own weights alone."""
    weights = optimizer.param_groups[0]["params"]
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        weight.grad = gradient
    optimizer.step()


@torch.no_grad()
def approach(target: nn.Module, source: nn.Module, share: float) -> None:
    """Move the weights of a target network towards those of its source by a share of the way (Polyak averaging)."""
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), share)
