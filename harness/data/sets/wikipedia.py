"""Articles of a contiguous slice of English Wikipedia, as plain text."""

import json
import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.data import digest
from harness.data.fetch import locate

MIN_WORDS = 10
_DOCUMENT = re.compile(r'<doc id="(\d+)" url="[^"]*" title="(.*?)">\n(.*?)\n</doc>\n', re.DOTALL)


class Article(NamedTuple):
    """An article. `text` has a line for each paragraph and heading. It is the title where the page has no text."""

    id: int
    title: str
    text: str


def articles(folder: Path | None = None) -> list[Article]:
    """The 35,839 articles of at least ten words, sorted by id."""
    folder = folder or locate("wikipedia")
    packed = folder / "articles.jsonl.xz"
    if packed.exists():
        lines = lzma.decompress(packed.read_bytes()).splitlines()
        return [Article(**json.loads(line)) for line in lines]
    pages = [page for file in sorted(folder.glob("wiki_*")) for page in _pages(file)]
    return sorted(page for page in pages if len(page.text.split()) >= MIN_WORDS)


def _pages(file: Path) -> Iterator[Article]:
    """The records of a file of the extractor, each of which repeats its title as the first line of its text."""
    for number, title, body in _DOCUMENT.findall(file.read_bytes().decode()):
        yield Article(int(number), title, body.strip().removeprefix(f"{title}\n").strip())


def content(folder: Path) -> str:
    """The content digest: rows of id, title, text."""
    return digest.of_rows(articles(folder))
