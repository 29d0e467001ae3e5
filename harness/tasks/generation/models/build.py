"""Builds the denoiser of a run's settings, the same for every process."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from harness.tasks.generation.models.denoiser import Denoiser
from harness.tasks.generation.models.mlp import Mlp
from harness.tasks.generation.models.unet import UNet, UNetOptions


def network(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> nn.Module:
    """The network for images of a shape (height, width, channels). Raises `ValueError` if the U-Net's patches do not
    fit the images."""
    height, width, channels = shape
    if settings["network"] == "mlp":
        return Mlp(height * width * channels, settings["width"], settings["blocks"])
    patch = settings["patch"]
    if height % patch or width % patch:
        raise ValueError(f"images of {height}x{width} pixels cannot be cut into patches of {patch}x{patch}")
    options = UNetOptions(
        width=settings["width"],
        multipliers=tuple(settings["multipliers"]),
        blocks=settings["blocks"],
        patch=patch,
        attention=settings["attention"],
        dropout=settings["dropout"],
    )
    return UNet(channels, options)


def network_weights(shape: tuple[int, int, int], settings: Mapping[str, Any]) -> int:
    """The number of weights of the network for images of a shape."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in network(shape, settings).parameters())


def denoiser(shape: tuple[int, int, int], mean: float, std: float, settings: Mapping[str, Any]) -> Denoiser:
    """The denoiser for images of a shape whose pixels have this mean and deviation."""
    return Denoiser(network(shape, settings), mean, std)
