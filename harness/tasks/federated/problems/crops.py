"""Crops of images: random and reflected ones for training, the centre for answers."""

import numpy as np
import torch
from torch import Tensor


def random_crops(images: Tensor, side: int, rng: np.random.Generator) -> Tensor:
    """U8[c n side side channels]: a random square of each of the images U8[c n h w channels], reflected left to right
    with probability one half."""
    c, n, height, width, _ = images.shape
    rows, columns = ((rng.integers(length - side + 1, size=(c, n, 1)) + np.arange(side)) for length in (height, width))
    columns = np.where(rng.random((c, n, 1)) < 0.5, columns, columns[..., ::-1])
    y, x = (torch.tensor(indices, device=images.device) for indices in (rows, columns))
    client = torch.arange(c, device=images.device)[:, None, None, None]
    example = torch.arange(n, device=images.device)[:, None, None]
    return images[client, example, y[..., :, None], x[..., None, :]]


def central_crop(images: Tensor, side: int) -> Tensor:
    """The central square [... side side channels] of images [... h w channels]. Images that are no larger than that
    are returned as they are."""
    top, left = ((length - side) // 2 for length in images.shape[-3:-1])
    return images[..., top : top + side, left : left + side, :] if top > 0 else images
