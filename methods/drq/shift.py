"""Random shifts of images."""

import numpy as np
from torch import Tensor

from harness.tasks.control import Frames


def random_shift(frames: Frames, rng: np.random.Generator) -> Tensor:
    """U8[B c h w]: each observation moved by up to `frames.pad` pixels down or up and to either side, all offsets
    equally likely. What comes in at an edge repeats the edge. All channels and frames of an observation move alike."""
    return frames.crop(rng.integers(2 * frames.pad + 1, size=(len(frames), 2)))
