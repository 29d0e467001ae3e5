"""The weights of the Inception network of 2015, ported from TensorFlow to torch, in which the field measures FID."""

import hashlib
from pathlib import Path

import numpy as np

from harness.data.fetch import locate

FILE = "pt_inception-2015-12-05-6726825d.pth"


def weights(folder: Path | None = None) -> dict[str, np.ndarray]:
    """The weights by their names in torch. The file is read as tensors only, so that nothing in it is executed."""
    import torch

    state = torch.load((folder or locate("inception-2015")) / FILE, map_location="cpu", weights_only=True)
    return {name: weight.numpy() for name, weight in state.items()}


def content(folder: Path) -> str:
    """The content digest, which is that of the file."""
    with (folder / FILE).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
