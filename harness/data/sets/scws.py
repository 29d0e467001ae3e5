"""Stanford's contextual word similarities: word pairs judged in context (Huang et al., 2012)."""

from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from harness.data import digest
from harness.data.fetch import locate


class Item(NamedTuple):
    """Two words in context: their parts of speech, the tokens around them, their places in these, and ten ratings (0 to
    10)."""

    words: tuple[str, str]
    parts: tuple[str, str]
    contexts: tuple[list[str], list[str]]
    at: tuple[int, int]
    ratings: list[float]

    @property
    def score(self) -> float:
        """The mean rating."""
        return fmean(self.ratings)


def items(folder: Path | None = None) -> list[Item]:
    """The 2,003 items in published order."""
    folder = folder or locate("scws")
    all_items = []
    for line in (folder / "scws.txt").read_text(encoding="utf-8").splitlines():
        _, word, part, other, other_part, left, right, _, *ratings = line.split("\t")
        (context, at), (other_context, other_at) = _unmarked(left), _unmarked(right)
        contexts = (context, other_context)
        all_items.append(Item((word, other), (part, other_part), contexts, (at, other_at), [float(r) for r in ratings]))
    return all_items


def _unmarked(context: str) -> tuple[list[str], int]:
    """The tokens without the marks `<b>` and `</b>`, and the index of the token between them."""
    tokens = context.split()
    at = tokens.index("<b>")
    return tokens[:at] + tokens[at + 1 : at + 2] + tokens[at + 3 :], at


def content(folder: Path) -> str:
    """The content digest: rows of words, parts of speech, contexts, positions, ratings."""
    return digest.of_rows(items(folder))
