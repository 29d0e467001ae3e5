"""Blocks of text whose width is measured, not guessed: the lines above and below a figure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MplFigure

_LEADING = 1.35
_PADDING = 0.06
_POINTS = 72.0


class Face(NamedTuple):
    """Size in points, weight and colour of a text."""

    size: float
    weight: str = "normal"
    colour: str = "#000000"


TITLE, SMALL, FINE = Face(10.5, "bold"), Face(7.5, colour="#3a3a3a"), Face(6.5, colour="#5c5c5c")


class Measure:
    """Measures and wraps text by its glyphs' outlines, whatever the resolution."""

    def width(self, text: str, face: Face) -> float:
        """The width of a line in inches."""
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import text_to_path

        font = FontProperties(size=face.size, weight=face.weight)
        points, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
        return float(points) / _POINTS

    def wrapped(self, text: str, face: Face, width: float) -> Iterator[str]:
        """The text in lines of at most so many inches; a word that is longer stands alone."""
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and self.width(longer, face) > width:
                yield line
                longer = word
            line = longer
        yield line

    def block(self, texts: Sequence[tuple[str, Face]], width: float) -> "Block":
        """Texts one below the other, each wrapped."""
        lines = [(line, face) for text, face in texts for line in self.wrapped(text, face, width)]
        return Block(lines)


@dataclass(frozen=True)
class Block:
    """Lines of text, each with its face."""

    lines: Sequence[tuple[str, Face]]

    @property
    def height(self) -> float:
        """Inches that the block takes."""
        return sum(map(_leading, (face for _, face in self.lines))) + 2 * _PADDING

    def draw(self, figure: "MplFigure", left: float, top: float) -> None:
        """Write the block into a figure, from so many inches right of its left and below its upper edge on."""
        top += _PADDING
        for line, face in self.lines:
            write(figure, left, top, line, face, "top")
            top += _leading(face)


def write(figure: "MplFigure", left: float, top: float, words: str, face: Face, at: Literal["top", "center"]) -> None:
    """Write a line of text, inches from the left and the upper edge of a figure."""
    width, height = figure.get_size_inches()
    figure.text(
        left / width,
        1 - top / height,
        words,
        fontsize=face.size,
        fontweight=face.weight,
        color=face.colour,
        verticalalignment=at,
        parse_math=False,
    )


def _leading(face: Face) -> float:
    return _LEADING * face.size / _POINTS
