"""Word vectors: what gensim writes is read bit for bit, in every form; what is wrong is named."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from harness.core.errors import UserError
from harness.formats import lines
from harness.formats.vectors import read_vectors, written_binary

WORDS = ["the", "naïve", "x.y", "-1"]
VALUES = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)


@pytest.fixture
def keyed():
    """The vectors as gensim has them."""
    from gensim.models import KeyedVectors

    keyed = KeyedVectors(6)
    keyed.add_vectors(WORDS, VALUES)
    return keyed


@pytest.mark.parametrize("form", ["text", "binary", "glove", "text.gz", "npy"])
def test_vectors_are_read_bit_for_bit_from_every_form(
    form: str, keyed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 100)
    path = tmp_path / "vectors"
    if form == "npy":
        (tmp_path / "words.txt").write_text("".join(f"{word}\n" for word in WORDS))
        with path.open("wb") as file:
            np.save(file, VALUES)
    else:
        keyed.save_word2vec_format(str(path), binary=form == "binary")
    if form == "glove":
        path.write_text(path.read_text().partition("\n")[2])
    if form == "text.gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    found = read_vectors(path)
    assert found.words == WORDS
    assert found.values.tobytes() == VALUES.tobytes()


def test_gensim_reads_what_is_written(tmp_path: Path) -> None:
    from gensim.models import KeyedVectors

    (tmp_path / "vectors.bin").write_bytes(written_binary(WORDS, VALUES))
    keyed = KeyedVectors.load_word2vec_format(str(tmp_path / "vectors.bin"), binary=True)
    assert keyed.index_to_key == WORDS
    assert keyed.vectors.tobytes() == VALUES.tobytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 2\na 1 2\nb 1\n", "line 3: 1 number after the word ('b 1'); expected a word and 2 finite numbers"),
        ("2 2\na 1 2\nb 1 nan\n", "line 3: 2 numbers after the word"),
        ("a 1 2\nb 1 two\n", "line 2: 2 numbers after the word ('b 1 two')"),
        ("a 1 2\nb 1 2 3\nc 1\n", "line 2: 3 numbers after the word"),
        ("3 2\na 1 2\nb 1 2\n", "line 3: 2 vectors; expected the 3 of the header"),
        ("2 2\n", "no vectors"),
    ],
)
def test_the_first_wrong_line_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "vectors").write_text(text)
    with pytest.raises(UserError) as refused:
        read_vectors(tmp_path / "vectors")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("cut", "message"),
    [(-10, "it ends within vector 4"), (-27, "it ends before vector 4"), (None, "more than 4 vectors")],
)
def test_a_binary_file_with_too_little_or_too_much_is_named(cut: int | None, message: str, tmp_path: Path) -> None:
    content = written_binary(WORDS, VALUES)
    (tmp_path / "vectors").write_bytes(content[:cut] if cut else content + content[-30:])
    with pytest.raises(UserError, match=message):
        read_vectors(tmp_path / "vectors")
