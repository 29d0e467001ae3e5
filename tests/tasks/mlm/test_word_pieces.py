"""Words and their pieces."""

import subprocess
import sys

import numpy as np

from harness.tasks.mlm.problems.pieces import LONGEST_WORD, SPECIAL, UNKNOWN, WordPieces, learn_pieces, restore
from harness.tasks.mlm.problems.words import Words, split_words

COUNTS = {f"{a}{b}{c}": 3 for a in ("kla", "bri", "stu") for b in ("no", "ma", "ti") for c in ("p", "rel", "s")}


def pieces_of(texts, vocabulary=60):
    words = Words.of(texts)
    pieces = restore(WordPieces.of(words, vocabulary).build())
    offsets = pieces.offsets
    return {
        word: [pieces.names[i] for i in pieces.ids[offsets[w] : offsets[w + 1]]]
        for w, word in enumerate(words.vocabulary)
    }


def test_texts_are_split_as_for_uncased_bert():
    assert split_words("Zoë's e-mail_box, 3.5%!") == [
        "zoe",
        "'",
        "s",
        "e",
        "-",
        "mail",
        "_",
        "box",
        ",",
        "3",
        ".",
        "5",
        "%",
        "!",
    ]


def test_the_vocabulary_of_words_has_the_most_frequent_first():
    words = Words.of(["b a b", "c a b"])
    assert (words.vocabulary, words.counts.tolist()) == (["b", "a", "c"], [3, 2, 1])
    assert [words.vocabulary[i] for i in words.ids] == ["b", "a", "b", "c", "a", "b"]
    assert (words.documents.tolist(), words.room.tolist()) == ([0, 3, 6], [3, 2, 1, 3, 2, 1])
    assert words.of_documents(1, 2).ids.tolist() == [2, 1, 0]


def test_pieces_spell_their_words():
    for word, pieces in pieces_of([" ".join(word for word in COUNTS)] * 3).items():
        assert "".join(piece.removeprefix("##") for piece in pieces) == word
        assert [piece.startswith("##") for piece in pieces] == [False] + [True] * (len(pieces) - 1)


def test_two_trainings_give_equal_vocabularies_whatever_the_hash_seed():
    code = f"from harness.tasks.mlm.problems.pieces import learn_pieces\nprint(learn_pieces({COUNTS!r}, 45))"
    printed = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert printed == {f"{learn_pieces(COUNTS, 45)}\n"}


def test_a_larger_vocabulary_begins_with_a_smaller_one():
    small, large = learn_pieces(COUNTS, 40), learn_pieces(COUNTS, 50)
    assert large[: len(small)] == small
    assert small[: len(SPECIAL)] == list(SPECIAL)
    assert len(small) == 40


def test_words_with_rare_characters_and_words_of_too_many_pieces_are_unknown():
    rare, long = "\u4e2d", "ab" * LONGEST_WORD
    found = pieces_of(["a b ab " * 40_000 + f"{rare} {long} b{rare}"], vocabulary=len(SPECIAL) + 4)
    assert found[rare] == found[long] == found[f"b{rare}" if f"b{rare}" in found else rare] == [SPECIAL[UNKNOWN]]
    assert found["ab"] == ["a", "##b"]


def test_the_lengths_of_words_are_their_numbers_of_pieces():
    words = Words.of(["klanop brimarel"] * 3)
    pieces = restore(WordPieces.of(words, 30).build())
    np.testing.assert_array_equal(pieces.lengths, np.diff(pieces.offsets))
    assert pieces.lengths.min() >= 1
