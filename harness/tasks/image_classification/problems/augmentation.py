"""Random shifts and reflections of a whole batch of images at once."""

import torch
from torch import Tensor, nn


def augment(images: Tensor, crop: int, flip: bool, generator: torch.Generator) -> Tensor:
    """U8[n c h w]: each image, shifted by up to `crop` pixels in either direction with black pixels at the borders,
    and, if `flip`, reflected left to right with probability one half. Without both, the images themselves."""
    n, _, height, width = images.shape
    device = images.device
    if crop:
        images = nn.functional.pad(images, (crop,) * 4)
        top, left = torch.randint(2 * crop + 1, (2, n, 1), generator=generator, device=device)
        rows = (top + torch.arange(height, device=device))[:, None, :, None]
        columns = (left + torch.arange(width, device=device))[:, None, None, :]
        row = torch.arange(n, device=device)[:, None, None, None]
        channels = torch.arange(images.shape[1], device=device)[None, :, None, None]
        images = images[row, channels, rows, columns]
    if flip:
        mirrored = torch.rand(n, 1, 1, 1, generator=generator, device=device) < 0.5
        images = torch.where(mirrored, images.flip(-1), images)
    return images
