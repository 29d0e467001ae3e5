"""Random crops and reflections of training images."""

import numpy as np
import torch
from torch import Tensor


def distorted(images: Tensor, side: int, rng: np.random.Generator) -> Tensor:
    """U8[c n side side channels] of images U8[c n h w channels]: a random piece of each, half of them reflected."""
    c, n, height, width, _ = images.shape
    rows, columns = ((rng.integers(whole - side + 1, size=(c, n, 1)) + np.arange(side)) for whole in (height, width))
    columns = np.where(rng.random((c, n, 1)) < 0.5, columns, columns[..., ::-1])
    down, across = (torch.tensor(places, device=images.device) for places in (rows, columns))
    client = torch.arange(c, device=images.device)[:, None, None, None]
    example = torch.arange(n, device=images.device)[:, None, None]
    return images[client, example, down[..., :, None], across[..., None, :]]


def central(images: Tensor, side: int) -> Tensor:
    """The middle [... side side channels] of images [... h w channels] that are larger; others as they are."""
    top, left = ((whole - side) // 2 for whole in images.shape[-3:-1])
    return images[..., top : top + side, left : left + side, :] if top > 0 else images
