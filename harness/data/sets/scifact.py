"""Scientific claims and the abstracts that they cite (Wadden et al., 2020)."""

import ast
import csv
import io
import json
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from harness.data import digest
from harness.data.fetch import locate

SPLITS = ("train", "validation")
# A cell of the tables lists strings as numpy prints them: Python literals separated by white space.
_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)


class Abstract(NamedTuple):
    """A document. `structured` is true if its sentences begin with section names."""

    id: int
    title: str
    sentences: list[str]
    structured: bool

    @property
    def text(self) -> str:
        """The sentences, joined by spaces."""
        return " ".join(self.sentences)


class Claim(NamedTuple):
    """A claim, the ids of the abstracts that it cites, and which of these support it (true) or contradict it
    (false)."""

    id: int
    text: str
    cited: list[int]
    evidence: list[tuple[int, bool]]


def abstracts(folder: Path | None = None) -> list[Abstract]:
    """The 5,183 abstracts, sorted by id."""
    folder = folder or locate("scifact")
    tables = folder / "scifact.zip"
    rows = _table(tables, "corpus_train") if tables.exists() else _lines(folder, "corpus")
    return [
        Abstract(int(r["doc_id"]), r["title"], _sentences(r["abstract"]), str(r["structured"]) == "True") for r in rows
    ]


def claims(split: str, folder: Path | None = None) -> list[Claim]:
    """The claims of a split (train 809, validation 300), sorted by id.

    The validation claims have 339 pairs of a claim and a cited abstract. The test claims are published without answers.
    Raises `ValueError` for another split.
    """
    if split not in SPLITS:
        raise ValueError(f"no split '{split}' in SciFact; there are {', '.join(SPLITS)}")
    folder = folder or locate("scifact")
    tables = folder / "scifact.zip"
    if tables.exists():
        return _from_table(_table(tables, f"claims_{split}"))
    return [
        Claim(
            row["id"],
            row["claim"],
            list(dict.fromkeys(row["cited_doc_ids"])),
            [(int(doc), sets[0]["label"] == "SUPPORT") for doc, sets in row["evidence"].items()],
        )
        for row in _lines(folder, {"train": "claims_train", "validation": "claims_dev"}[split])
    ]


def _from_table(rows: list[dict[str, Any]]) -> list[Claim]:
    """The claims of a table that has a row for each set of evidence sentences."""
    by_id: dict[int, Claim] = {}
    for row in rows:
        cited = dict.fromkeys(int(doc) for doc in row["cited_doc_ids"].strip("[]").split())
        claim = by_id.setdefault(int(row["id"]), Claim(int(row["id"]), row["claim"], list(cited), []))
        if row["evidence_doc_id"]:
            verdict = (int(row["evidence_doc_id"]), row["evidence_label"] == "SUPPORT")
            if verdict not in claim.evidence:
                claim.evidence.append(verdict)
    return list(by_id.values())


def _sentences(cell: str | list[str]) -> list[str]:
    if isinstance(cell, list):
        return cell
    sentences: list[str] = ast.literal_eval(f"[{','.join(_STRING.findall(cell))}]")
    return sentences


def _table(archive: Path, name: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(archive) as members, members.open(f"{name}.csv") as stream:
        return list(csv.DictReader(io.TextIOWrapper(stream, "utf-8", newline="")))


def _lines(folder: Path, name: str) -> list[dict[str, Any]]:
    with tarfile.open(folder / "data.tar.gz", "r:gz") as members:
        stream = members.extractfile(f"data/{name}.jsonl")
        return [json.loads(line) for line in stream] if stream else []


def content(folder: Path) -> str:
    """The content digest: rows of the abstracts, then (split, id, text, cited, evidence) of the claims."""
    rows = [(split, *claim) for split in SPLITS for claim in claims(split, folder)]
    return digest.of_rows([*abstracts(folder), *rows])
