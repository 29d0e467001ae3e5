"""Word vectors as word2vec (text and binary) and GloVe write them, and as an array with a list of words."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import UserError
from harness.core.words import counted
from harness.formats.arrays import check_array, is_array_file, read_arrays
from harness.formats.lines import blocks, opened, quoted, wrong

F32 = NDArray[np.float32]

WORDS: Final = "words.txt"
"""The list of words beside arrays."""

_HEADER: Final = re.compile(rb"(\d+) (\d+)\r?\n")
_NUMBER: Final = np.dtype("<f4")
_LONGEST_WORD: Final = 10_000


class Vectors(NamedTuple):
    """Words and their vectors [n d]; word n stands on line `first` + n of its file."""

    words: list[str]
    values: np.ndarray
    first: int


def read_vectors(path: Path) -> Vectors:
    """The vectors in a file: word2vec's text (with a header of two numbers) or its binary form, GloVe's text (without),
    or a `.npy` file with a list of words beside it (`words.txt` in the same folder, a word a line).

    A `UserError` names the first line, or word, where it is not in that form.
    """
    if is_array_file(path):
        return _listed(path)
    with opened(path) as file:
        beginning = file.read(1 << 16)
    header = _HEADER.match(beginning)
    if header is None:
        return _read_text(path, None)
    count, dimension = (int(number) for number in header.groups())
    if _is_binary(beginning[header.end() :], dimension):
        return _read_binary(path, header.end(), count, dimension)
    return _read_text(path, (count, dimension))


def written_binary(words: Sequence[str], values: F32) -> bytes:
    """The vectors F32[n d] in word2vec's binary form."""
    rows = zip(words, np.ascontiguousarray(values, _NUMBER), strict=True)
    body = b"".join(word.encode() + b" " + row.tobytes() + b"\n" for word, row in rows)
    return f"{len(words)} {values.shape[1]}\n".encode() + body


def _is_binary(body: bytes, dimension: int) -> bool:
    """Whether what follows a header begins with a vector in binary form, and not with a line of text."""
    fields = body.split(b"\n", 1)[0].split()
    try:
        numbers = [float(field) for field in fields[1:]]
    except ValueError:
        return True
    return bool(body) and len(numbers) != dimension and b"\0" in body


def _read_text(path: Path, header: tuple[int, int] | None) -> Vectors:
    words: list[str] = []
    parts: list[F32] = []
    dimension = header[1] if header else 0
    for block in blocks(path):
        lines, first = (block.lines[1:], 2) if header and block.first == 1 else (block.lines, block.first)
        pairs = [line.strip().partition(b" ") for line in lines]
        dimension = dimension or len(pairs[0][2].split())
        numbers = _numbers([numbers for _, _, numbers in pairs], dimension)
        if numbers is None:
            raise _text_fault(path, first, lines, dimension)
        words += [word.decode() for word, _, _ in pairs]
        parts.append(numbers)
    if not words:
        raise wrong(path, "no vectors", "a word and its numbers on each line")
    if header and len(words) != header[0]:
        raise wrong(path, f"{len(words):,} vectors", f"the {header[0]:,} of the header", len(words) + 1)
    return Vectors(words, np.concatenate(parts), 2 if header else 1)


def _numbers(texts: Sequence[bytes], dimension: int) -> F32 | None:
    """F32[n dimension]: the finite numbers in texts, with single spaces between them; None if one has others."""
    if any(text.count(b" ") != dimension - 1 for text in texts):
        return None
    try:
        values = np.fromstring(b" ".join(texts), np.float64, sep=" ") if texts else np.zeros(0)
    except ValueError:
        return None
    is_sound = len(values) == len(texts) * dimension and np.isfinite(values).all()
    return values.reshape(-1, dimension).astype(np.float32) if is_sound else None


def _text_fault(path: Path, first: int, lines: Sequence[bytes], dimension: int) -> UserError:
    """The error for the first line that is not a word with so many finite numbers."""
    expected = f"a word and {counted(dimension, 'finite number')}, with single spaces between them"
    for number, line in enumerate(lines, first):
        fields = line.strip().split(b" ")[1:]
        try:
            if len(fields) == dimension and np.isfinite([float(field) for field in fields]).all():
                continue
        except ValueError:
            pass
        return wrong(path, f"{counted(len(fields), 'number')} after the word ({quoted(line)})", expected, number)
    return wrong(path, "lines that cannot be read", expected)


def _read_binary(path: Path, start: int, count: int, dimension: int) -> Vectors:
    words: list[str] = []
    values = np.empty((count, dimension), np.float32)
    with opened(path) as file:
        file.read(start)
        for i in range(count):
            word = _next_word(path, file.read, i)
            row = file.read(4 * dimension)
            if len(row) != 4 * dimension:
                raise wrong(path, f"it ends within vector {i + 1:,}", f"the {count:,} vectors of the header")
            values[i] = np.frombuffer(row, _NUMBER)
            words.append(word)
        if file.read(2).strip():
            raise wrong(path, f"more than {count:,} vectors", f"the {count:,} of the header")
    if not (sound := np.isfinite(values).all(axis=1)).all():
        i = int(np.argmin(sound))
        raise wrong(path, f"vector {i + 1:,} ({quoted(words[i])}) is not finite", "finite numbers")
    return Vectors(words, values, 1)


def _next_word(path: Path, read: Callable[[int], bytes], i: int) -> str:
    """The word before the next vector; line breaks before it are left out."""
    letters = bytearray()
    while (letter := read(1)) != b" ":
        if not letter or len(letters) > _LONGEST_WORD:
            raise wrong(path, f"it ends before vector {i + 1:,}", "as many vectors as its header says")
        if letter != b"\n":
            letters += letter
    try:
        return letters.decode()
    except UnicodeDecodeError:
        raise wrong(path, f"the word before vector {i + 1:,} is not UTF-8", "words in UTF-8") from None


def _listed(path: Path) -> Vectors:
    """The vectors of an array, with the list of words beside it."""
    words = read_words(path.parent / WORDS)
    values = read_arrays(path, []).get("")
    if values is None:
        raise wrong(path, "a .npz file", "a .npy file")
    return Vectors(words, check_array(path, "", values, (len(words), None), "f", "words x numbers"), 1)


def read_words(path: Path) -> list[str]:
    """The words in a list, one a line."""
    return [line.decode() for block in blocks(path) for line in block.lines]
