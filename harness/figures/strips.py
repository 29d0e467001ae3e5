"""Films as they are drawn: strips of pictures in their own resolution, with the numbers of their frames."""

from typing import TYPE_CHECKING

import numpy as np

from harness.figures.arranged import Area, axes_at
from harness.figures.body import MARGIN
from harness.figures.film import U8, Block, FilmStrips
from harness.figures.text import FINE, SMALL, Face, Measure, write

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

_WIDE, _MOST, _LEAST_WIDE = 6.6, 0.72, 3.6
"""Inches: of all pictures of a strip at most, of the side of one at most, and of a whole figure at least."""
_GAP, _BETWEEN = 0.05, 0.05
"""What lies between pictures, as a share of their width; inches between strips."""
_TITLE, _NUMBERS, _AFTER = 0.22, 0.14, 0.1
_NAME, _METHOD = Face(8.0), Face(8.0, "bold")


class FilmBody:
    """Blocks one below the other, each with its title, the numbers of its frames and its strips."""

    def __init__(self, sheet: FilmStrips, measure: Measure) -> None:
        self._sheet = sheet
        strips = [strip for block in sheet.blocks for strip in block.strips]
        self._names = max((measure.width(strip.name, SMALL) for strip in strips), default=0.0) + 0.1
        self._side = min(_MOST, _WIDE / max(len(strip.pictures) for strip in strips))
        titles = max(measure.width(block.title, _METHOD) for block in sheet.blocks)
        longest = max(self._size(strip.pictures)[0] for strip in strips)
        self.width = max(self._names + longest, titles, _LEAST_WIDE) + 2 * MARGIN
        self.height = sum(map(self._height, sheet.blocks))

    def draw(self, figure: "MplFigure", top: float) -> None:
        kinds = dict(self._sheet.styled)
        for block in self._sheet.blocks:
            face = _METHOD if kinds.get(block.label) == "method" else _NAME
            write(figure, MARGIN, top + _TITLE / 2, block.title, face, "center")
            self._draw_strips(figure, block, top + _TITLE)
            top += self._height(block)

    def _draw_strips(self, figure: "MplFigure", block: Block, top: float) -> None:
        left = MARGIN + self._names
        above: tuple[int, ...] = ()
        for strip in block.strips:
            long, tall, apart = self._size(strip.pictures)
            if strip.numbers and strip.numbers != above:
                for i, number in enumerate(strip.numbers):
                    _write_centred(figure, left + i * apart + self._side / 2, top + _NUMBERS / 2, str(number))
                top += _NUMBERS
            above = strip.numbers
            write(figure, MARGIN, top + tall / 2, strip.name, SMALL, "center")
            _draw_strip(figure, strip.pictures, Area(left, top, long, tall))
            top += tall + _BETWEEN

    def _height(self, block: Block) -> float:
        heads = [strip.numbers for strip in block.strips]
        changes = sum(bool(now) and now != before for before, now in zip([(), *heads], heads, strict=False))
        pictures = sum(self._size(strip.pictures)[1] + _BETWEEN for strip in block.strips)
        return _TITLE + changes * _NUMBERS + pictures + _AFTER

    def _size(self, pictures: U8) -> tuple[float, float, float]:
        """Length and height of a strip, and how far apart its pictures begin."""
        many, height, width, *_ = pictures.shape
        pixel = self._side / width
        return (many * (width + _gap(width)) - _gap(width)) * pixel, height * pixel, (width + _gap(width)) * pixel


def _gap(width: int) -> int:
    """Pixels between pictures of so many."""
    return max(1, round(width * _GAP))


def _draw_strip(figure: "MplFigure", pictures: U8, area: Area) -> None:
    """Draw pictures as one raster, pixel by pixel, and outline each."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    many, height, width, *_ = pictures.shape
    coloured = np.repeat(pictures[..., None], 3, axis=-1) if pictures.ndim == 3 else pictures
    space = np.full((many, height, _gap(width), 3), 255, dtype=np.uint8)
    long = np.concatenate([coloured, space], axis=2)
    raster = long.transpose(1, 0, 2, 3).reshape(height, -1, 3)[:, : -_gap(width)]
    axes = axes_at(figure, area)
    axes.set_axis_off()
    axes.imshow(raster, extent=(0, raster.shape[1], 0, height), aspect="auto", interpolation="none")
    frames = [Rectangle((i * (width + _gap(width)), 0), width, height) for i in range(many)]
    axes.add_collection(
        PatchCollection(frames, facecolor="none", edgecolor="#b0b0b0", linewidth=0.4, clip_on=False), autolim=False
    )


def _write_centred(figure: "MplFigure", centre: float, middle: float, words: str) -> None:
    across, up = figure.get_size_inches()
    figure.text(
        centre / across,
        1 - middle / up,
        words,
        fontsize=FINE.size,
        color=FINE.colour,
        horizontalalignment="center",
        verticalalignment="center",
    )
