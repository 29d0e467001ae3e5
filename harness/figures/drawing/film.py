"""Draws films: strips of pictures in their own resolution, with the numbers of their frames above them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.patches import Rectangle

from harness.figures.drawing.body import Body, longest
from harness.figures.drawing.style import FINE, SMALL
from harness.figures.film import U8, FilmStrips

_WIDE, _MOST, _LEAST_WIDE = 6.6, 0.72, 3.6
"""Inches: the greatest width of all pictures of a strip, the greatest width of a picture, the least of a figure."""
_GAP, _MARGIN = 0.05, 0.3
"""The gap between pictures, as a share of their width; the inches left free beside strips."""
_TITLE, _NUMBERS, _AROUND, _BEFORE = 0.21, 0.13, 0.025, 0.1
"""Inches: of a block's title, of a row of numbers, around each strip, and before a block."""
_PAD = 15.0
"""Points between a title and pictures that have numbers."""


def draw_film(drawn: MplFigure, film: FilmStrips) -> Body:
    """Draw the strips, block below block; all pictures are of one width."""
    strips = [strip for block in film.blocks for strip in block.strips]
    side = min(_MOST, _WIDE / max(len(strip.pictures) for strip in strips))
    blocks = [[side * _tall(strip.pictures) for strip in block.strips] for block in film.blocks]
    heights = [*(height for block in blocks for height in (_BEFORE, *block)), _BEFORE]
    long = max(len(strip.pictures) * _step(strip.pictures) for strip in strips)
    rows = iter(drawn.add_gridspec(len(heights), 1, height_ratios=heights))
    kinds, numbered = dict(film.styled), 0
    for block in film.blocks:
        next(rows)
        above: tuple[int, ...] = ()
        for i, strip in enumerate(block.strips):
            axes = drawn.add_subplot(next(rows), anchor="W")
            _draw_strip(axes, strip.pictures)
            axes.set_xlim(0, long)
            axes.set_ylabel(strip.name, rotation=0, ha="right", va="center", **SMALL)
            if strip.numbers and strip.numbers != above:
                middles = np.arange(len(strip.numbers)) * _step(strip.pictures) + 0.5
                axes.set_xticks(middles, list(map(str, strip.numbers)), **FINE)
                numbered += 1
            above = strip.numbers
            if i == 0:
                weight = "bold" if kinds.get(block.label) == "method" else "normal"
                axes.set_title(block.title, fontweight=weight, pad=_PAD if strip.numbers else None)
    names, titles = (longest(texts) for texts in ((s.name for s in strips), (block.title for block in film.blocks)))
    height = sum(heights) + 2 * _AROUND * len(strips) + _NUMBERS * numbered + _TITLE * len(film.blocks)
    return Body(max(names + max(side * long, titles) + _MARGIN, _LEAST_WIDE), height, gap=_AROUND)


def _draw_strip(axes: Axes, pictures: U8) -> None:
    """Draw pictures, each a unit wide, as one raster with their own pixels, and outline each."""
    many, height, width, *_ = pictures.shape
    tall = _tall(pictures)
    coloured = np.repeat(pictures[..., None], 3, axis=-1) if pictures.ndim == 3 else pictures
    spaced = np.pad(coloured, ((0, 0), (0, 0), (0, _gap(width)), (0, 0)), constant_values=255)
    raster = spaced.transpose(1, 0, 2, 3).reshape(height, -1, 3)[:, : -_gap(width)]
    axes.imshow(raster, extent=(0, raster.shape[1] / width, 0, tall), interpolation="none")
    frames = [Rectangle((i * _step(pictures), 0), 1, tall) for i in range(many)]
    outlines = PatchCollection(frames, facecolor="none", edgecolor="#b0b0b0", linewidth=0.4, clip_on=False)
    axes.add_collection(outlines, autolim=False)
    axes.set(frame_on=False, xticks=[], yticks=[])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=1.5)
    axes.grid(visible=False)


def _gap(width: int) -> int:
    """Pixels between pictures of so many."""
    return max(1, round(width * _GAP))


def _tall(pictures: U8) -> float:
    """How tall pictures are, as a share of their width."""
    _, height, width, *_ = pictures.shape
    return float(height / width)


def _step(pictures: U8) -> float:
    """How far apart pictures begin, as a share of their width."""
    width: int = pictures.shape[2]
    return 1 + _gap(width) / width
