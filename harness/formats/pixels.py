"""Images as a folder of PNG files, or as a `.npz` file."""

from pathlib import Path
from typing import Final

import numpy as np

from harness.core.errors import UserError
from harness.formats.arrays import check_array, read_arrays
from harness.formats.lines import wrong

ARRAY: Final = "arr_0"
"""What the array is called that numpy saves without a name."""
_LABELS: Final = "arr_1"
"""Where guided-diffusion puts the labels of its images."""


def read_pixels(path: Path, images: int, shape: tuple[int, int, int]) -> np.ndarray:
    """U8[n h w c]: so many images of height, width and channels. Those in a folder are in order of their names.

    A `UserError` names the image that is of another size or kind, or says how many are missing.
    """
    if not path.is_dir():
        arrays = read_arrays(path, [ARRAY, _LABELS])
        pixels = arrays.get("", arrays.get(ARRAY))
        if pixels is None or pixels.dtype != np.uint8:
            found = "no array" if pixels is None else f"an array of dtype {pixels.dtype}"
            raise wrong(path, found, f"'{ARRAY}' of dtype uint8, or a folder of PNG files")
        return check_array(path, ARRAY, pixels, (images, *shape), "iu", "images x h x w x c")
    files = sorted(path.glob("*.png"))
    if len(files) != images:
        raise wrong(path, f"{len(files):,} PNG files", f"{images:,}, one for each image")
    pixels = np.empty((images, *shape), np.uint8)
    for i, file in enumerate(files):
        pixels[i] = _png(file, shape)
    return pixels


def _png(file: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """U8[h w c]: the image in a file."""
    from PIL import Image, UnidentifiedImageError

    height, width, channels = shape
    mode = "L" if channels == 1 else "RGB"
    try:
        with Image.open(file) as image:
            if (image.size, image.mode) != ((width, height), mode):
                found = f"an image of {image.size[0]} x {image.size[1]} pixels, mode {image.mode}"
                raise wrong(file, found, f"{width} x {height} pixels, mode {mode}")
            return np.asarray(image).reshape(shape)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UserError(f"{file} is no PNG image that can be read ({error})") from error
