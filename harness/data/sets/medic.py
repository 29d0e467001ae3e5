"""MEDIC, the names of diseases in the Comparative Toxicogenomics Database (Davis et al., 2012)."""

from pathlib import Path
from typing import NamedTuple

from harness.data import digest
from harness.data.fetch import locate


class Disease(NamedTuple):
    """A disease: its identifier, the identifiers of diseases that were merged into it, and its names, the preferred one
    first."""

    id: str
    alternatives: list[str]
    names: list[str]


def diseases(folder: Path | None = None) -> list[Disease]:
    """The 11,915 diseases, in the order of the file, with 76,237 names."""
    folder = folder or locate("medic")
    lines = (folder / "medic_06Jul2012.txt").read_text(encoding="utf-8").splitlines()
    return [_disease(*line.split("|")) for line in lines]


def _disease(identifier: str, alternatives: str, *names: str) -> Disease:
    others = alternatives.split("+") if alternatives else []
    return Disease(identifier, others, list(dict.fromkeys(name for name in names if name)))


def content(folder: Path) -> str:
    """The content digest: rows of id, alternatives, names."""
    return digest.of_rows(diseases(folder))
