"""Two tasks of GLUE (Wang et al., 2019): is a film liked (SST-2), and is a sentence grammatical (CoLA)?"""

import lzma
import zipfile
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from harness.data import digest
from harness.data.fetch import locate

TaskName: TypeAlias = Literal["SST-2", "CoLA"]
TASKS: tuple[TaskName, ...] = ("SST-2", "CoLA")
SPLITS = ("train", "dev")


class Sentence(NamedTuple):
    """A sentence and its label: 1 if it is positive (SST-2) or acceptable (CoLA), else 0."""

    text: str
    label: int


def sentences(task: TaskName, split: str, folder: Path | None = None) -> list[Sentence]:
    """The labelled sentences of a split in published order: SST-2 67,349 (train) and 872 (dev), CoLA 8,551 and 1,043.

    Raises `ValueError` for another task or split.
    """
    if task not in TASKS or split not in SPLITS:
        raise ValueError(f"GLUE has no split '{split}' of '{task}' here; there are {TASKS} with {SPLITS}")
    rows = [line.split("\t") for line in _read(folder or locate("glue"), f"{task}/{split}.tsv").splitlines()]
    if task == "CoLA":  # source, label, the authors' own mark, sentence
        return [Sentence(row[3], int(row[1])) for row in rows]
    return [Sentence(row[0], int(row[1])) for row in rows[1:]]


def _read(folder: Path, path: str) -> str:
    """The text of a file, which is packed by itself or stands in the archive of its task."""
    packed = folder / f"{path}.xz"
    if packed.exists():
        return lzma.decompress(packed.read_bytes()).decode()
    with zipfile.ZipFile(folder / f"{path.partition('/')[0]}.zip") as archive:
        return archive.read(path).decode()


def content(folder: Path) -> str:
    """The content digest: rows of task, split, sentence, label."""
    return digest.of_rows(
        (task, split, *sentence) for task in TASKS for split in SPLITS for sentence in sentences(task, split, folder)
    )
