"""Images as PNG files and as arrays: the same pixels either way, and what is of another size or kind is named."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.core.errors import UserError
from harness.formats.pixels import read_pixels


def write_pngs(folder: Path, pixels: np.ndarray) -> Path:
    folder.mkdir()
    for i, image in enumerate(pixels):
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(folder / f"{i:03}.png")
    return folder


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_and_an_array_give_the_same_pixels(channels: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(12, 5, 4, channels), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", pixels)
    np.save(tmp_path / "images.npy", pixels)
    for path in (write_pngs(tmp_path / "images", pixels), tmp_path / "images.npz", tmp_path / "images.npy"):
        assert (read_pixels(path, 12, (5, 4, channels)) == pixels).all()


def test_images_of_another_number_size_or_kind_are_named(tmp_path: Path) -> None:
    pixels = np.zeros((3, 5, 4, 1), np.uint8)
    folder = write_pngs(tmp_path / "images", pixels)
    with pytest.raises(UserError, match="images: 3 PNG files; expected 4, one for each image"):
        read_pixels(folder, 4, (5, 4, 1))
    with pytest.raises(UserError, match=r"000.png: an image of 4 x 5 pixels, mode L; expected 5 x 5 pixels, mode L"):
        read_pixels(folder, 3, (5, 5, 1))
    (folder / "001.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"001.png is no PNG image that can be read"):
        read_pixels(folder, 3, (5, 4, 1))
    np.savez(tmp_path / "images.npz", pixels.astype(np.float32))
    with pytest.raises(UserError, match="an array of dtype float32; expected 'arr_0' of dtype uint8"):
        read_pixels(tmp_path / "images.npz", 3, (5, 4, 1))
    np.savez(tmp_path / "images.npz", pixels)
    with pytest.raises(UserError, match="shape 3 x 5 x 4 x 1; expected whole numbers of shape 4 x 5 x 4 x 1"):
        read_pixels(tmp_path / "images.npz", 4, (5, 4, 1))
