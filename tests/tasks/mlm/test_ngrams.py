"""N-grams: counts and places by hand and by brute force, and the ways to cut them."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.mlm.problems.lists import list_spans, pmi, title_spans
from harness.tasks.mlm.problems.ngrams import NGramTable, count_ngrams, cuts
from harness.tasks.mlm.problems.words import Words, split_words

NEW_YORK = "new york city is big . new york city is old . the city is big ."
TEXTS = st.lists(st.lists(st.sampled_from("abc"), max_size=30).map(" ".join), min_size=1, max_size=4)


def table(words, least=1):
    return NGramTable.restore(count_ngrams(words, least))


def score(words, text, naive=False):
    """PMI_n of one n-gram, or that against single words."""
    wanted = text.split()
    ngrams = table(words).of_length[len(wanted)]
    (row,) = [i for i, ids in enumerate(ngrams.words) if [words.vocabulary[word] for word in ids] == wanted]
    return float((ngrams.log_p[row] - ngrams.log_p_parts[row, -1]) if naive else pmi(ngrams)[row])


@pytest.mark.parametrize(
    ("ngram", "expected", "naive"),
    [
        ("new york", 2.2007, 2.2007),
        ("city is", 1.7952, 1.7952),
        ("new york city", 1.7991, 3.9998),
        ("york city is", 1.7991, 3.5944),
    ],
)
def test_pmi_by_hand(ngram, expected, naive):
    words = Words.of([NEW_YORK])
    assert len(words.ids) == 17
    assert score(words, ngram) == pytest.approx(expected, abs=1e-4)
    assert score(words, ngram, naive=True) == pytest.approx(naive, abs=1e-4)


@pytest.mark.parametrize(("n", "expected"), [(2, 1), (3, 3), (4, 7), (5, 15)])
def test_n_words_are_cut_in_so_many_ways_and_last_into_single_words(n, expected):
    ways = list(cuts(n))
    assert len(set(ways)) == expected
    assert all(sum(length for _, length in way) == n for way in ways)
    assert ways[-1] == tuple((i, 1) for i in range(n))


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(1, 3))
def test_counts_and_places_are_those_of_brute_force(texts, least):
    words = Words.of(texts)
    counted = table(words, least)
    for n, ngrams in counted.of_length.items():
        windows = [
            (start, tuple(words.ids[start : start + n].tolist()))
            for first, end in pairwise(words.documents.tolist())
            for start in range(first, end - n + 1)
        ]
        counts = Counter(window for _, window in windows)
        frequent = {window: count for window, count in counts.items() if count >= least}
        assert dict(zip(map(tuple, ngrams.words.tolist()), ngrams.counts.tolist(), strict=True)) == frequent
        assert ngrams.log_p == pytest.approx(np.log(ngrams.counts / max(1, len(windows))))
        places = {start: tuple(ngrams.words[i].tolist()) for start, i in enumerate(counted.at[n]) if i >= 0}
        assert places == {start: window for start, window in windows if window in frequent}
        assert (ngrams.log_p_parts[:, -1:] <= ngrams.log_p_parts.max(axis=1, keepdims=True, initial=-np.inf)).all()


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_n_grams_are_located_in_another_text(texts):
    words = Words.of([*texts, "a b c"])
    training, other = words.of_documents(0, len(texts)), words.of_documents(0, len(texts) + 1)
    located = table(training).locate(other)
    for n, at in table(training).at.items():
        np.testing.assert_array_equal(located[n][: len(at)], at)


def test_pmi_is_never_above_naive_pmi():
    rng = np.random.default_rng(0)
    words = Words.of(" ".join(rng.choice(list("abcde"), 300)) for _ in range(3))
    for ngrams in table(words, 2).of_length.values():
        assert (pmi(ngrams) <= ngrams.log_p - ngrams.log_p_parts[:, -1] + 1e-12).all()


def test_the_parts_of_independent_words_explain_an_n_gram():
    texts = [f"{a} {b} {c}" for a in "ab" for b in "cd" for c in "ef"]
    counted = table(Words.of(texts))
    # Every word is one in six words, every pair of neighbours one in eight pairs, every n-gram one in eight.
    assert np.exp(counted.of_length[3].log_p) == pytest.approx(1 / 8)
    assert np.exp(counted.of_length[3].log_p_parts[0]) == pytest.approx([1 / 6 / 8, 1 / 8 / 6, 6**-3])


def spans(text, listed):
    """The spans in a text of a list, which gives the score of each n-gram that is on it."""
    words = Words.of([text])
    counted = table(words)

    def rank(ngrams):
        names = [" ".join(words.vocabulary[i] for i in ids) for ids in ngrams.words]
        return np.array([float(name in listed) for name in names])

    number = {n: sum(len(name.split()) == n for name in listed) for n in counted.of_length}
    kept = {n: ngrams for n, ngrams in counted.of_length.items() if number[n]}
    shares = {2: 0.5, 3: 0.25, 4: 0.125, 5: 0.125}
    size = max((count / shares[n] for n, count in number.items()), default=0)
    assert all(number[n] in (0, round(shares[n] * size)) for n in number), "as many of each length as the shares say"
    return list_spans(NGramTable(kept, counted.at), counted.at, rank, words.alphabetic, int(size)).tolist()


def test_of_nested_n_grams_the_longest_counts():
    assert spans("in new york city now", ["new york", "york city", "new york city"]) == [0, 3, 0, 0, 0]


def test_overlapping_n_grams_are_both_spans():
    assert spans("by the way out", ["by the way", "the way out"]) == [3, 3, 0, 0]


def test_n_grams_with_punctuation_are_on_no_list():
    words = Words.of(["so , what . so , what ."] * 3)
    assert not list_spans(table(words), table(words).at, pmi, words.alphabetic, 100).any()


def test_titles_are_frequent_and_neither_begin_nor_end_with_a_common_word():
    filler = [f"w{i}" for i in range(98)]
    common = " ".join(["the of", *filler] * 20)
    texts = ["hill house stood", "the hill", "hill house", "rare name", "house of hill"]
    training = "hill house . hill house . the hill . house of hill . house of hill . rare name"
    words = Words.of([common, training, *texts])
    titles, text = words.of_documents(3, 7), words.of_documents(1, 2)
    found = title_spans(titles, words.of_documents(0, 2), {"here": text}, least=2)["here"]
    names = [" ".join(split_words(training)[i : i + found[i]]) for i in np.flatnonzero(found)]
    assert names == ["hill house", "hill house", "house of hill", "house of hill"]


def test_a_text_without_words_has_no_n_grams():
    assert not any(len(ngrams.words) for ngrams in table(Words.of(["", ""])).of_length.values())
