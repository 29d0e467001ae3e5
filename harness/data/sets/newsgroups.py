"""The posts of 20 Newsgroups, split by date (Lang, 1995; Rennie's `bydate` packing)."""

import re
import tarfile
from pathlib import Path
from typing import NamedTuple

from harness.data import digest
from harness.data.fetch import locate

_MEMBER = re.compile(r"20news-bydate-(train|test)/([^/]+)/(\d+)(-o)?")
# An empty line ends the headers, unless a list of references continues after it.
_END_OF_HEADERS = re.compile(rb"\t\t(?![ \t]*<)")


class Post(NamedTuple):
    """A post. Runs of white space are replaced by one space in `headers` and `body`; bytes are read as Latin-1."""

    split: str
    group: str
    id: int
    headers: str
    body: str


def posts(folder: Path | None = None) -> list[Post]:
    """The 7,532 test and 11,314 training posts, sorted by split, group and id (unique within split and group).

    One packing has tabs in place of the line ends of all training posts. So line ends are read as tabs in every
    packing: all packings give the same posts, and the end of the headers is right in 99.5 % of them. Where a packing
    has the original of an edited post under the name `<id>-o`, the original is used.
    """
    folder = folder or locate("newsgroups20")
    packed = folder / "20news-bydate.tar.xz"
    by_id: dict[tuple[str, str, int], Post] = {}
    with tarfile.open(packed if packed.exists() else folder / "20news-bydate.tar.gz", "r|*") as members:
        for member in members:
            name = _MEMBER.fullmatch(member.name)
            stream = members.extractfile(member) if name else None
            if name and stream:
                split, group, number, original = name.groups()
                key = (split, group, int(number))
                if original or key not in by_id:
                    by_id[key] = Post(*key, *_parts(stream.read()))
    return sorted(by_id.values())


def _parts(post: bytes) -> tuple[str, str]:
    flat = post.replace(b"\n", b"\t")
    end = _END_OF_HEADERS.search(flat)
    cut = end.start() if end else len(flat)
    headers, body = (b" ".join(part.split()).decode("latin-1") for part in (flat[:cut], flat[cut:]))
    return headers, body


def content(folder: Path) -> str:
    """The content digest: rows of split, group, id, headers, body."""
    return digest.of_rows(posts(folder))
