"""Abstracts with marked diseases and chemicals: NCBI disease (Dogan et al., 2014) and BC5CDR (Li et al., 2016)."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from harness.data import digest
from harness.data.fetch import locate

FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "ncbi-disease": {
        "train": "NCBItrainset_corpus.txt",
        "valid": "NCBIdevelopset_corpus.txt",
        "test": "NCBItestset_corpus.txt",
    },
    "bc5cdr": {
        "train": "CDR_TrainingSet.PubTator.txt",
        "valid": "CDR_DevelopmentSet.PubTator.txt",
        "test": "CDR_TestSet.PubTator.txt",
    },
}
"""The file of each split."""


class Mention(NamedTuple):
    """A span of a document's text in characters, and the identifiers that it is annotated with: one, or several that
    are separated by `|` or `+` (composite mentions). `kind` is the annotators' (Disease, Chemical, SpecificDisease,
    ...)."""

    start: int
    stop: int
    kind: str
    identifier: str


class Document(NamedTuple):
    """A title and an abstract with its mentions, in the order of the file."""

    split: str
    id: str
    title: str
    abstract: str
    mentions: list[Mention]

    @property
    def text(self) -> str:
        """Title and abstract, as one text that the mentions lie in."""
        return f"{self.title} {self.abstract}"


def documents(dataset: str, folder: Path | None = None) -> list[Document]:
    """The documents of all splits (train, valid, test) of `ncbi-disease` or `bc5cdr`.

    BC5CDR has 500 documents a split; the published file for training repeats those for validation, which are left out.
    """
    folder = folder or locate(dataset)
    splits = {split: _parsed(split, _read(folder, name)) for split, name in FILES[dataset].items()}
    held_out = {document.id for split in ("valid", "test") for document in splits[split]}
    train = [document for document in splits["train"] if document.id not in held_out]
    return [*train, *splits["valid"], *splits["test"]]


def _read(folder: Path, name: str) -> str:
    """A file somewhere in the folder, or in an archive there. Raises `FileNotFoundError`."""
    for path in folder.rglob(name):
        return path.read_text(encoding="utf-8")
    for archive in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(archive) as members:
            for member in members.namelist():
                if Path(member).name == name:
                    return members.read(member).decode()
    raise FileNotFoundError(f"{folder} has no {name}")


def _parsed(split: str, text: str) -> list[Document]:
    """PubTator's format: the lines `id|t|title` and `id|a|abstract`, then a line a mention, with tabs."""
    parsed: list[Document] = []
    for line in text.splitlines():
        if "\t" not in line:
            number, _, rest = line.partition("|")
            if rest.startswith("t|"):
                parsed.append(Document(split, number, rest[2:], "", []))
            elif rest.startswith("a|"):
                parsed[-1] = parsed[-1]._replace(abstract=rest[2:])
        elif (fields := line.split("\t"))[1].isdigit():  # lines of relations have no offsets
            parsed[-1].mentions.append(Mention(int(fields[1]), int(fields[2]), fields[4], fields[5].strip()))
    return parsed


def content(folder: Path) -> str:
    """The content digest: rows of split, id, title, abstract, mentions."""
    dataset = "ncbi-disease" if list(folder.rglob("NCBI*")) else "bc5cdr"
    return digest.of_rows(documents(dataset, folder))
