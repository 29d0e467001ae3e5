"""The figures of the site as files, in light and in dark, drawn by several processes at once."""

import colorsys
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from harness.figures.files import Files, render
from harness.figures.plot import Figure

_WIDTH = re.compile(rb'\swidth="([\d.]+)pt"')
_HEIGHT = re.compile(rb'\sheight="([\d.]+)pt"')
_COLOUR = re.compile(rb'((?:fill|stroke|stop-color|color)(?:: ?|="))#([0-9a-fA-F]{6})\b')
_ROOT = re.compile(rb"<svg\b")
_PIXELS = 4 / 3
"""Pixels of a point."""
_DARKEST, _LIGHTEST = 0.09, 0.9
"""The lightness that white and black have in the dark."""


@dataclass(frozen=True)
class Drawn:
    """Figures as files by the name of the file, and the size of each figure in pixels by its own."""

    files: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)


class Drawing:
    """Figures that are being drawn, each as SVG, as SVG in dark colours and as PNG; if there are many, by other
    processes. As a context, it ends with these."""

    def __init__(self, figures: Sequence[Figure], processes: int) -> None:
        self._figures = figures
        self._pool = ProcessPoolExecutor(processes) if 1 < processes < len(figures) else None
        self._files: Iterator[Files] = self._pool.map(render, figures) if self._pool else map(render, figures)

    def __enter__(self) -> "Drawing":
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def finish(self) -> Drawn:
        """All figures, as soon as they are drawn."""
        drawn = Drawn()
        for figure, files in zip(self._figures, self._files, strict=True):
            _add(drawn, figure.name, files)
        return drawn


def dark_name(name: str) -> str:
    """The file of a figure in dark colours."""
    return f"{name}-dark.svg"


def in_dark(svg: bytes) -> bytes:
    """An SVG with light and dark exchanged; hues stay. What has no colour is black by default, and becomes light."""
    light = _hex(*colorsys.hls_to_rgb(0.0, _LIGHTEST, 0.0))
    svg = _COLOUR.sub(lambda match: match[1] + _turned(match[2]), svg)
    return _ROOT.sub(b'<svg fill="' + light + b'"', svg, count=1)


def _turned(colour: bytes) -> bytes:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    return _hex(*colorsys.hls_to_rgb(hue, _DARKEST + (1 - lightness) * (_LIGHTEST - _DARKEST), saturation))


def _hex(red: float, green: float, blue: float) -> bytes:
    return b"#%02x%02x%02x" % (round(255 * red), round(255 * green), round(255 * blue))


def _add(drawn: Drawn, name: str, files: Files) -> None:
    svg = files["svg"]
    drawn.files[f"{name}.svg"] = svg
    drawn.files[dark_name(name)] = in_dark(svg)
    drawn.files[f"{name}.png"] = files["png"]
    width, height = (found[1] if (found := size.search(svg)) else b"0" for size in (_WIDTH, _HEIGHT))
    drawn.sizes[name] = round(_PIXELS * float(width)), round(_PIXELS * float(height))
