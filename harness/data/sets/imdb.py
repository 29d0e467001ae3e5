"""The labelled half of the Large Movie Review Dataset (Maas et al., 2011)."""

import json
import lzma
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.data import digest
from harness.data.fetch import locate

_LABELS = {"neg": 0, "pos": 1}


class Review(NamedTuple):
    """A review. `label` is 1 if it is positive (rating 7 to 10) and 0 if it is negative (1 to 4); `text` keeps its
    `<br />`."""

    split: str
    label: int
    id: int
    rating: int
    text: str


def reviews(folder: Path | None = None) -> list[Review]:
    """The 25,000 test and 25,000 training reviews, sorted by split, label and id (unique within split and label)."""
    folder = folder or locate("imdb")
    packed = folder / "reviews.jsonl.xz"
    if packed.exists():
        rows = map(json.loads, lzma.decompress(packed.read_bytes()).splitlines())
        return [Review(row["split"], _LABELS[row["label"]], row["id"], row["rating"], row["text"]) for row in rows]
    return sorted(_archived(folder / "aclImdb_v1.tar.gz"))


def _archived(archive: Path) -> Iterator[Review]:
    """The members `aclImdb/<split>/<label>/<id>_<rating>.txt`; reviews without a label are left out."""
    with tarfile.open(archive, "r|gz") as members:
        for member in members:
            match member.name.split("/"):
                case [_, "train" | "test" as split, "neg" | "pos" as label, name] if stream := members.extractfile(
                    member
                ):
                    number, rating = name.removesuffix(".txt").split("_")
                    yield Review(split, _LABELS[label], int(number), int(rating), stream.read().decode())


def content(folder: Path) -> str:
    """The content digest: rows of split, label, id, rating, text."""
    return digest.of_rows(reviews(folder))
