"""Figures as files: the same records give the same bytes, and a figure of other records is told from its digest."""

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
_COMPRESSION = 2
"""Level of zlib: 4 takes a third longer for 4 % fewer bytes."""
_CREATOR = re.compile(r"<dc:title>(Matplotlib [^<]*)</dc:title>")

Files: TypeAlias = Mapping[str, bytes]
"""A figure's bytes by format."""


def render(figure: Figure, formats: Sequence[str] = FORMATS) -> Files:
    """The figure's bytes in each format. SVG keeps text as text; neither has a date in it, both have the digest."""
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

    The digest of the records must be there in any case. Another version of the drawing library draws other bytes of
    the same records, so that an SVG's whole text is compared only if this version drew it, rasters in it by their
    pixels; a PNG's never is.
    """
    chosen = f"--task {figure.task} --tier {figure.tier} --only {figure.declared.id} --format {','.join(formats)}"
    remedy = f"harness report {chosen}"

    def is_same(stored: str, drawn: str) -> bool:
        # A PNG names no creator in this way, and so counts as drawn by another version.
        return creator_of(stored.encode()) != creator_of(drawn.encode()) or not differ(drawn, stored)

    for form in formats:
        path = folder / f"{figure.name}.{form}"
        yield from file_problems(path, svg.decode(), remedy, figure.made.digest, is_same)


def differ(text: str, there: str) -> bool:
    """Whether two SVGs, or pages of them, differ in more than how their rasters are compressed."""
    return text != there and by_pixels(text) != by_pixels(there)


def left_over(folder: Path, names: Sequence[str], tasks: Sequence[str], tier: str) -> Iterator[str]:
    """Files of figures of these tasks at a tier that no declared figure gives."""
    for path in sorted(folder.glob("*-*-*")):
        is_figure = path.suffix.removeprefix(".") in FORMATS and path.stem.rpartition("-")[0] in {
            f"{task}-{tier}" for task in tasks
        }
        if is_figure and path.stem not in names:
            yield f"{path} is left over: the records give no such figure; delete it"


def creator_of(svg: bytes) -> str:
    """What drew a figure, its version included, or ""."""
    found = _CREATOR.search(svg.decode("utf-8", errors="replace"))
    return found[1] if found else ""


def _bytes(drawn: MplFigure, figure: Figure, form: str) -> bytes:
    buffer = io.BytesIO()
    if form == "svg":
        facts = {"Date": None, "Title": figure.declared.title, "Identifier": figure.made.digest}
        drawn.savefig(buffer, format=form, metadata=facts)
        return slim(buffer.getvalue().decode()).encode()
    facts = {"Title": figure.declared.title, "Source": figure.made.digest}
    drawn.savefig(buffer, format=form, metadata=facts, pil_kwargs={"compress_level": _COMPRESSION})
    return buffer.getvalue()
