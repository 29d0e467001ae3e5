"""Benchmarks of entity linking in the common format of ELEVANT (Bast et al., 2022): KORE50, MSNBC, OKE and others."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from harness.data import digest
from harness.data.fetch import locate

ENDING: Final = ".benchmark.jsonl"


class Mention(NamedTuple):
    """A span of a text in characters, the Wikidata identifier of its entity (`<NIL>` and `<NO_MAPPING>` for none), and
    the entity's name there."""

    start: int
    stop: int
    identifier: str
    name: str


class Text(NamedTuple):
    """A text of a benchmark, with the mentions that are evaluated, sorted by place."""

    benchmark: str
    id: int
    text: str
    mentions: list[Mention]


def texts(folder: Path | None = None) -> list[Text]:
    """The texts of all fifteen benchmarks, sorted by benchmark, then in the published order."""
    return [
        _text(name, json.loads(line)) for name, lines in sorted(_files(folder or locate("elevant"))) for line in lines
    ]


def _files(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The name and the lines of each benchmark."""
    packed = folder / "benchmarks.tar.xz"
    if not packed.exists():
        for path in folder.glob(f"*{ENDING}"):
            yield path.name.removesuffix(ENDING), path.read_text(encoding="utf-8").splitlines()
        return
    with tarfile.open(packed) as members:
        for member in members:
            if member.name.endswith(ENDING) and (stream := members.extractfile(member)):
                yield Path(member.name).name.removesuffix(ENDING), stream.read().decode().splitlines()


def _text(benchmark: str, row: dict[str, object]) -> Text:
    labels = row["labels"]
    assert isinstance(labels, list)
    mentions = [Mention(label["span"][0], label["span"][1], label["entity_id"], label["name"]) for label in labels]
    return Text(benchmark, int(str(row["id"])), str(row["text"]), sorted(mentions))


def content(folder: Path) -> str:
    """The content digest: rows of benchmark, id, text, mentions."""
    return digest.of_rows(texts(folder))
