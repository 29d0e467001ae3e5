"""Word in Context: is a word used in the same sense twice? (Pilehvar and Camacho-Collados, 2019)."""

import zipfile
from pathlib import Path
from typing import NamedTuple

from harness.data import digest
from harness.data.fetch import locate

SPLITS = ("train", "dev", "test")


class Item(NamedTuple):
    """A word in two contexts: the lemma, its part of speech (N or V), the tokens, the word's places in them, and the
    answer."""

    word: str
    part: str
    contexts: tuple[list[str], list[str]]
    at: tuple[int, int]
    same: bool


def items(split: str, folder: Path | None = None) -> list[Item]:
    """The items of a split (train 5,428, dev 638, test 1,400) in published order; half of each are `same`. Raises
    `ValueError` for another split."""
    if split not in SPLITS:
        raise ValueError(f"no split '{split}' in WiC; there are {', '.join(SPLITS)}")
    folder = folder or locate("wic")
    rows, answers = (_lines(folder, f"{split}/{split}.{kind}.txt") for kind in ("data", "gold"))
    all_items = []
    for row, answer in zip(rows, answers, strict=True):
        word, part, positions, first, second = row.split("\t")
        left, right = positions.split("-")
        all_items.append(Item(word, part, (first.split(), second.split()), (int(left), int(right)), answer == "T"))
    return all_items


def _lines(folder: Path, path: str) -> list[str]:
    archive = folder / "WiC_dataset.zip"
    if not archive.exists():
        return (folder / path).read_text(encoding="utf-8").splitlines()
    with zipfile.ZipFile(archive) as members:
        name = next(name for name in members.namelist() if name.endswith(path))
        return members.read(name).decode().splitlines()


def content(folder: Path) -> str:
    """The content digest: rows of split, word, part of speech, contexts, positions, answer."""
    return digest.of_rows((split, *item) for split in SPLITS for item in items(split, folder))
