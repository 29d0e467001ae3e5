"""The film: strips of pictures from files that runs kept, a block an entrant."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.core.entrant import EntrantKind
from harness.core.errors import UserError
from harness.core.suggest import unknown
from harness.figures.declared import Film
from harness.figures.labels import in_order_of
from harness.figures.plot import Figure
from harness.figures.readings import Subject
from harness.records.scored import RunRow
from harness.tables.rows import in_order

U8: TypeAlias = NDArray[np.uint8]


class Strip(NamedTuple):
    """A row of pictures, U8[n h w] or U8[n h w 3]: what it is called, and the numbers of its frames (samples have
    none)."""

    name: str
    pictures: U8
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """What one run kept. `title` names its entrant, and its case if there are several."""

    label: str
    title: str
    strips: tuple[Strip, ...]


@dataclass(frozen=True, kw_only=True)
class FilmStrips(Figure):
    """A figure of kept pictures, the blocks one below the other."""

    declared: Film
    blocks: tuple[Block, ...]

    @property
    def reading(self) -> str:
        films = any(strip.numbers for block in self.blocks for strip in block.strips)
        what = "Frames, by number, of the first videos" if films else "The first samples"
        return f"{what} that seed {self.made.seeds[0]} kept in {self.declared.file}."


def blocks_of(figure: Film, subject: Subject, keepers: Sequence[RunRow]) -> tuple[Block, ...]:
    """The blocks of runs of one seed that kept the file, case by case, entrants in order. Raises `UserError`."""
    kinds: dict[str, EntrantKind] = {run.label: run.kind for run in keepers}
    by_place = {(run.case, run.label): run for run in keepers}
    cases = in_order_of("case", (run.case for run in keepers), figure, subject.card)
    blocks = []
    for case in cases:
        for label in in_order(kinds):
            if (run := by_place.get((str(case), label))) is not None:
                data = subject.kept(run.path, figure.file, run.kept[figure.file])
                strips = tuple(_strips(figure, _arrays(figure, data, run)))
                blocks.append(Block(label, label if len(cases) == 1 else f"{label}, {case}", strips))
    return tuple(blocks)


def _arrays(figure: Film, data: bytes, run: RunRow) -> Mapping[str, U8]:
    """The arrays in a kept file. Anything but pictures of 8 bits is an error that names the file and the array."""
    where = f"figure '{figure.id}': {figure.file} of {run.path}"
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise UserError(f"{where} is no npz; keep what `numpy.savez_compressed` writes")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{where} has an array that is not plain: {error}") from error
    for name in figure.arrays:
        if name not in arrays:
            raise UserError(f"{where}: {unknown('array', name, arrays)}")
    shown = {name: arrays[name] for name in figure.arrays or arrays}
    for name, array in shown.items():
        if array.dtype != np.uint8 or array.ndim not in (3, 4, 5) or (array.ndim == 5 and array.shape[-1] != 3):
            raise UserError(
                f"{where}: array '{name}' is {array.dtype}{list(array.shape)}; allowed are uint8 [videos frames h w], "
                "[n h w], and each with 3 colours last"
            )
        if not array.size:
            raise UserError(f"{where}: array '{name}' is empty")
    return shown


def _strips(figure: Film, arrays: Mapping[str, U8]) -> Iterator[Strip]:
    """The strips of a block: video by video, those of all arrays; then the arrays of samples."""
    films = {name: array for name, array in arrays.items() if _is_film(array)}
    for video in range(min(figure.strips, max(map(len, films.values()), default=0))):
        for name, array in films.items():
            if video < len(array):
                chosen = _evenly(array.shape[1], figure.frames)
                said = name if figure.strips == 1 else f"{name}, video {video}"
                yield Strip(said, array[video, chosen], tuple(chosen))
    for name, array in arrays.items():
        if name not in films:
            for i in range(0, min(len(array), figure.strips * figure.frames), figure.frames):
                yield Strip("" if i else name, array[i : i + figure.frames])


def _is_film(array: U8) -> bool:
    """Whether [videos frames h w] or [videos frames h w 3], not [n h w] or [n h w 3]."""
    return array.ndim == 5 or (array.ndim == 4 and array.shape[-1] != 3)


def _evenly(count: int, most: int) -> list[int]:
    """So many of `count` frames, evenly chosen, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return np.linspace(0, count - 1, most).round().astype(int).tolist() if most > 1 else [0]
