"""The plays of Shakespeare, speech by speech (the Moby text as MIT published it)."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.data import digest
from harness.data.fetch import locate

_PAGE = "full.html"
# A few speakers say nothing. They have no block of lines and are left out.
_SPEECH = re.compile(r"<A NAME=speech\d+><b>(.*?)</b></a>\s*<blockquote>(.*?)</blockquote>", re.I | re.S)
_LINE = re.compile(r"<A NAME=[\d.]+>(.*?)</A>", re.I | re.S)


class Speech(NamedTuple):
    """A speech: the play's short name, the role as the play calls it, and the lines without stage directions."""

    play: str
    role: str
    text: str


def speeches(folder: Path | None = None) -> list[Speech]:
    """The 30,876 speeches of 1,393 roles, sorted by the plays' names and, within a play, in the order in which they are
    spoken."""
    return [
        Speech(play, role, "\n".join(" ".join(line.split()) for line in _LINE.findall(block)))
        for play, page in sorted(_pages(folder or locate("shakespeare")))
        for role, block in _SPEECH.findall(page.decode("latin-1"))
    ]


def _pages(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The page of every play by its short name, either from one archive or from a folder for each play, as
    published."""
    packed = folder / "plays.tar.xz"
    if not packed.exists():
        yield from ((page.parent.name, page.read_bytes()) for page in folder.glob(f"*/{_PAGE}"))
        return
    with tarfile.open(packed, "r|xz") as members:
        for member in members:
            path = Path(member.name)
            if path.name == _PAGE and (stream := members.extractfile(member)):
                yield path.parent.name, stream.read()


def content(folder: Path) -> str:
    """The content digest: rows of play, role, text."""
    return digest.of_rows(speeches(folder))
