"""Random crops and flips of a whole batch at once."""

import torch
from torch import Tensor, nn


def augmented(images: Tensor, crop: int, flip: bool, generator: torch.Generator) -> Tensor:
    """U8[n c h w]: each image shifted by up to `crop` pixels in either direction, black pixels moving in; and mirrored
    in half of the cases if `flip`. Without both, the images themselves."""
    n, _, height, width = images.shape
    device = images.device
    if crop:
        images = nn.functional.pad(images, (crop,) * 4)
        top, left = torch.randint(2 * crop + 1, (2, n, 1), generator=generator, device=device)
        rows = (top + torch.arange(height, device=device))[:, None, :, None]
        columns = (left + torch.arange(width, device=device))[:, None, None, :]
        every = torch.arange(n, device=device)[:, None, None, None]
        channels = torch.arange(images.shape[1], device=device)[None, :, None, None]
        images = images[every, channels, rows, columns]
    if flip:
        mirrored = torch.rand(n, 1, 1, 1, generator=generator, device=device) < 0.5
        images = torch.where(mirrored, images.flip(-1), images)
    return images
