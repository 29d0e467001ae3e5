"""Paragraphs and questions about them: SQuAD 1.1 (Rajpurkar et al., 2016), SQuADShifts (Miller et al., 2020)."""

import json
import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness.data import digest
from harness.data.fetch import locate

SETS = ("squad11-dev", "squadshifts")
_PACKED = "paragraphs.jsonl.xz"
_VERSION = re.compile(r"[-_]v\d")


class Question(NamedTuple):
    """A question, and the answers that people marked in its paragraph: distinct, in alphabetical order."""

    id: str
    text: str
    answers: list[str]


class Paragraph(NamedTuple):
    """A paragraph of an article, and the questions about it. `source` is the name of the published file without its
    version: `dev`, `new_wiki`, `reddit` (one article), `amazon_reviews` (an article for each product)."""

    source: str
    article: str
    text: str
    questions: list[Question]


def paragraphs(name: str, folder: Path | None = None) -> list[Paragraph]:
    """The paragraphs of `squad11-dev` (2,067, with 10,570 questions) or of `squadshifts` (5,666, with 27,626 questions;
    the part from the New York Times is left out).

    They are sorted by source, article and text, and their questions by id. Runs of white space are replaced by one
    space. Raises `ValueError` for another name.
    """
    if name not in SETS:
        raise ValueError(f"no set '{name}' of SQuAD's form; there are {', '.join(SETS)}")
    return _read(folder or locate(name))


def _read(folder: Path) -> list[Paragraph]:
    packed = folder / _PACKED
    if packed.exists():
        rows = map(json.loads, lzma.decompress(packed.read_bytes()).splitlines())
        all_paragraphs = [_paragraph("dev", row["article"], row["paragraph"], row["questions"]) for row in rows]
    else:
        files = [path for path in folder.iterdir() if path.name.endswith((".json", ".json.xz"))]
        all_paragraphs = [paragraph for file in files for paragraph in _published(file)]
    return sorted(all_paragraphs)


def _published(file: Path) -> Iterator[Paragraph]:
    """The paragraphs of a file as it was published, perhaps compressed."""
    raw = file.read_bytes()
    source = _VERSION.split(file.name)[0]
    for article in json.loads(lzma.decompress(raw) if file.suffix == ".xz" else raw)["data"]:
        for entry in article["paragraphs"]:
            yield _paragraph(source, article["title"], entry["context"], entry["qas"])


def _paragraph(source: str, article: str, text: str, questions: list[dict[str, Any]]) -> Paragraph:
    """A paragraph from either packing. One of them has only the texts of the answers."""
    parsed = [
        Question(
            row["id"],
            _plain(row["question"]),
            sorted({_plain(answer if isinstance(answer, str) else answer["text"]) for answer in row["answers"]}),
        )
        for row in questions
    ]
    return Paragraph(source, article, _plain(text), sorted(parsed))


def _plain(text: str) -> str:
    return " ".join(text.split())


def content(folder: Path) -> str:
    """The content digest: rows of source, article, text, questions (id, text, answers)."""
    return digest.of_rows(_read(folder))
