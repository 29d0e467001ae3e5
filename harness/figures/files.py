"""Figures as files: the same records give the same bytes, and the digest in a file says which records it shows."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from matplotlib.figure import Figure as MplFigure

from harness.core.files import write_whole
from harness.figures.drawing.frame import draw, settings
from harness.figures.plot import Figure
from harness.figures.rasters import by_pixels, slim
from harness.records.committed import file_problems

FORMATS = ("svg", "png")
TEXT = "md"
"""The format of figures of texts."""
_COMPRESSION = 2
"""Level of zlib: 4 takes a third longer for 4 % fewer bytes."""
_CREATOR = re.compile(r"<dc:title>(Matplotlib [^<]*)</dc:title>")

Files: TypeAlias = Mapping[str, bytes]
"""A figure's bytes by format."""


def render(figure: Figure, formats: Sequence[str] = FORMATS) -> Files:
    """The figure's bytes in each format, with the digest of its records and without a date. Text in SVG stays text."""
    with settings(figure):
        drawn = draw(figure)
        return {form: _bytes(drawn, figure, form) for form in formats}


def write(folder: Path, figure: Figure, files: Files) -> list[Path]:
    """Write a figure's files and return their paths."""
    paths = {folder / f"{figure.name}.{form}": content for form, content in files.items()}
    for path, content in paths.items():
        write_whole(path, content)
    return list(paths)


def check(folder: Path, figure: Figure, svg: bytes, formats: Sequence[str] = FORMATS) -> Iterator[str]:
    """What is wrong with a figure's files, a line each, given the `svg` that is drawn now.

    Every file must have the digest of the records. Another version of matplotlib draws other bytes of the same records;
    therefore the text of an SVG is compared only if the installed version drew it, the rasters in it by their pixels.
    The pixels of a PNG are not compared.
    """
    chosen = f"--task {figure.task} --tier {figure.tier} --only {figure.declared.id} --format {','.join(formats)}"
    remedy = f"harness report {chosen}"

    def is_same(stored: str, drawn: str) -> bool:
        # A PNG names no creator in this way, and so counts as drawn by another version.
        return creator_of(stored.encode()) != creator_of(drawn.encode()) or not differ(drawn, stored)

    for form in formats:
        path = folder / f"{figure.name}.{form}"
        yield from file_problems(path, svg.decode(), remedy, figure.made.digest, is_same)


def differ(first: str, second: str) -> bool:
    """Whether two SVGs, or pages of them, differ in more than how their rasters are compressed."""
    return first != second and by_pixels(first) != by_pixels(second)


def left_over(folder: Path, names: Sequence[str], tasks: Sequence[str], tier: str) -> Iterator[str]:
    """A line for each file that looks like a figure of these tasks at a tier, but has none of the figures' names."""
    for path in sorted(folder.glob("*-*-*")):
        is_figure = path.suffix.removeprefix(".") in (*FORMATS, TEXT) and path.stem.rpartition("-")[0] in {
            f"{task}-{tier}" for task in tasks
        }
        if is_figure and path.stem not in names:
            yield f"{path} is left over: the records give no such figure; delete it"


def creator_of(svg: bytes) -> str:
    """The library that drew an SVG, with its version, or ""."""
    match = _CREATOR.search(svg.decode("utf-8", errors="replace"))
    return match[1] if match else ""


def _bytes(drawn: MplFigure, figure: Figure, form: str) -> bytes:
    buffer = io.BytesIO()
    if form == "svg":
        facts = {"Date": None, "Title": figure.declared.title, "Identifier": figure.made.digest}
        drawn.savefig(buffer, format=form, metadata=facts)
        return slim(buffer.getvalue().decode()).encode()
    facts = {"Title": figure.declared.title, "Source": figure.made.digest}
    drawn.savefig(buffer, format=form, metadata=facts, pil_kwargs={"compress_level": _COMPRESSION})
    return buffer.getvalue()
