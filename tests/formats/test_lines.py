"""Text files that others wrote: compressed or not, and what is wrong in them, in one line."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.core.errors import UserError
from harness.formats import lines
from harness.formats.lines import blocks


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for block in blocks(path) for number, line in enumerate(block.lines, block.first))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["unix", "windows"])
def test_lines_have_their_numbers_whatever_the_block(
    pack: "type[bytes]", end: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 16)
    words = [f"word{i}".encode() for i in range(50)]
    path = tmp_path / "words"
    path.write_bytes(pack(end.join(words)))
    assert list(blocks(path))[1].first > 1
    assert list(numbered(path)) == list(enumerate(words, 1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xef\xbb\xbfword\n", ", line 1: a byte-order mark; expected UTF-8 text without one"),
        ("word\n".encode("utf-16"), ", line 1: a binary file, or text in another encoding"),
        (b"word\nna\xefve\n", ", line 2: 'na\\xefve' is not UTF-8; expected UTF-8 text"),
        (gzip.compress(b"word\n" * 100)[:-12], ": its compression is damaged"),
    ],
    ids=["byte-order mark", "utf-16", "latin-1", "cut off"],
)
def test_what_is_no_text_is_named_with_its_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        list(blocks(path))
    assert str(refused.value).startswith(f"{path}{message}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere cannot be read: No such file"):
        list(blocks(tmp_path / "nowhere"))
