"""Rasters in SVG: written in few bytes, and compared by their pixels, however they are compressed."""

import base64
import hashlib
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_RASTER = re.compile(r"data:image/png;base64,\s*([A-Za-z0-9+/=\s]+)")


def slim(svg: str) -> str:
    """The SVG with its opaque rasters in one channel if they are grey, else in three; matplotlib writes four."""
    return _RASTER.sub(lambda match: f"data:image/png;base64,{base64.b64encode(_slim(match[1])).decode()}", svg)


def by_pixels(text: str) -> str:
    """The text, each raster in it replaced by a digest of its size and pixels."""
    return _RASTER.sub(lambda match: _digest(_image(match[1])), text)


def _image(encoded: str) -> "Image":
    from PIL import Image

    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def _slim(encoded: str) -> bytes:
    image = _image(encoded).convert("RGBA")
    red, green, blue, alpha = image.split()
    if alpha.getextrema() == (255, 255):
        is_grey = red.tobytes() == green.tobytes() == blue.tobytes()
        image = red if is_grey else image.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _digest(image: "Image") -> str:
    return hashlib.sha256(repr(image.size).encode() + image.convert("RGBA").tobytes()).hexdigest()
