"""GUM, English texts of many genres with entities and their Wikipedia titles (Zeldes, 2017; Lin and Zeldes, 2021)."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.data import digest
from harness.data.fetch import locate

SPLITS = {"train": "train", "dev": "valid", "test": "test"}
_OPENING = re.compile(r"\(([^()]*)")
_CLOSING = re.compile(r"([^()]+)\)")


class Mention(NamedTuple):
    """A span of a document's text in characters, and the Wikipedia title of its entity, with underscores.

    `is_pronoun`: whether it is a single pronoun.
    """

    start: int
    stop: int
    title: str
    is_pronoun: bool


class Document(NamedTuple):
    """A document: its sentences, joined by spaces, and the mentions that have a title, sorted by place."""

    split: str
    id: str
    text: str
    mentions: list[Mention]


class _Token(NamedTuple):
    start: int
    stop: int
    tag: str
    entities: str


def documents(folder: Path | None = None) -> list[Document]:
    """The 217 documents of all splits (train, valid, test) that are published with their words, in the published order:
    all but those from Reddit. Mentions in several parts are left out.

    Eight documents of the published list for training are also on a list of held-out documents, to which they belong:
    to train on them would be to train on the test.
    """
    folder = folder or locate("gum")
    archive = next(iter(sorted(folder.glob("*.tar.*"))))
    files = {}
    with tarfile.open(archive) as members:
        for member in members:
            if re.search(r"(sources/.*\.conllu|file-lists/files\.\w+)$", member.name):
                stream = members.extractfile(member)
                files[Path(member.name).name] = stream.read().decode() if stream else ""
    listed = {split: files[f"files.{split}"].split() for split in SPLITS}
    held_out = {*listed["dev"], *listed["test"]}
    listed["train"] = [name for name in listed["train"] if name not in held_out]
    return [
        _document(SPLITS[split], name, files[f"{name}.conllu"])
        for split, names in listed.items()
        for name in names
        if f"{name}.conllu" in files
    ]


def _document(split: str, name: str, lines: str) -> Document:
    texts, mentions, offset = [], [], 0
    for block in lines.strip().split("\n\n"):
        text, tokens = _sentence(block)
        spans = _mentions(tokens)
        mentions += [m._replace(start=m.start + offset, stop=m.stop + offset) for m in spans]
        texts.append(text)
        offset += len(text) + 1
    return Document(split, name, " ".join(texts), sorted(mentions))


def _sentence(block: str) -> tuple[str, list[_Token]]:
    """The text of a sentence in CoNLL-U, and its tokens."""
    text, tokens, place = "", [], 0
    for line in block.splitlines():
        if line.startswith("# text = "):
            text = line.removeprefix("# text = ")
        elif line[:1].isdigit() and (fields := line.split("\t"))[0].isdigit():
            place = text.index(fields[1], place)
            notes = dict(note.partition("=")[::2] for note in fields[9].split("|"))
            tokens.append(_Token(place, place + len(fields[1]), fields[3], notes.get("Entity", "")))
            place += len(fields[1])
    return text, tokens


def _mentions(tokens: list[_Token]) -> Iterator[Mention]:
    """The mentions of a sentence, from brackets such as `(3-person-new-sssss-cf1-1-coref-Lord_Byron` and `3)`."""
    opened: dict[str, list[tuple[int, str]]] = {}
    for at, token in enumerate(tokens):
        for bracket in _OPENING.findall(token.entities):
            group, *others = bracket.split("-", 7)
            opened.setdefault(group, []).append((at, others[6] if len(others) == 7 else ""))
        for bracket in _CLOSING.findall(token.entities):
            group = bracket.split("-")[0]
            first, title = opened[group].pop()
            if title and "[" not in group:
                yield Mention(tokens[first].start, token.stop, title, first == at and token.tag == "PRON")


def content(folder: Path) -> str:
    """The content digest: rows of split, id, text, mentions."""
    return digest.of_rows(documents(folder))
