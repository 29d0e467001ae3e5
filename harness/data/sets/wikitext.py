"""The validation and test splits of WikiText-2 (Merity et al., 2017)."""

from pathlib import Path

from harness.data import digest
from harness.data.fetch import locate

SPLITS = ("valid", "test")


def lines(split: str, folder: Path | None = None) -> list[str]:
    """The lines of a split (`valid` 213,886 words, `test` 241,211) without those that are empty: paragraphs, and
    headings between equals signs.

    Words are separated by spaces, rare ones are `<unk>`, and `@` stands around the hyphens, points and commas inside
    words and numbers. Raises `ValueError` for another split.
    """
    if split not in SPLITS:
        raise ValueError(f"no split '{split}' of WikiText-2; there are {', '.join(SPLITS)}")
    text = ((folder or locate("wikitext2-heldout")) / f"{split}.txt").read_text(encoding="utf-8")
    return [stripped for line in text.splitlines() if (stripped := line.strip())]


def content(folder: Path) -> str:
    """The content digest: rows of split and line."""
    return digest.of_rows((split, line) for split in SPLITS for line in lines(split, folder))
