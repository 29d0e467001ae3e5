"""The trie: it holds the names that it was given, each once, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.entity_linking.models.trie import Trie
from harness.tasks.entity_linking.problems.mentions import INVALID
from harness.tasks.entity_linking.problems.tokens import Mark, Reader, Tokens, padded

END = int(Mark.END)
NAMES = st.lists(st.lists(st.integers(10, 14), min_size=1, max_size=5), min_size=1, max_size=30)


def table(names: list[list[int]], length: int = 7) -> np.ndarray:
    return padded([[*name, END] for name in names], length)


def written(trie: Trie) -> list[tuple[int, ...]]:
    """The tokens on the way to each leaf, in order of the leaves."""
    path: dict[int, tuple[int, ...]] = dict.fromkeys(range(int(trie.first[0])), ())
    for node in range(len(trie.token)):
        for child in trie.children(np.array([node]))[1].tolist():
            path[child] = (*path[node], int(trie.token[child]))
    return [path[leaf] for leaf in trie.leaves.tolist()]


@settings(deadline=None, max_examples=60)
@given(NAMES)
def test_the_trie_holds_every_name_once_and_no_other(names: list[list[int]]) -> None:
    trie = Trie.of(table(names), np.arange(len(names)))
    expected = {(*name, END) for name in names}
    assert len(trie) == len(expected)
    assert sorted(written(trie)) == sorted(expected)
    first = {tuple(name): row for row, name in reversed(list(enumerate(names)))}
    assert trie.value_at(trie.leaves.astype(np.int64)).tolist() == [first[name[:-1]] for name in written(trie)]
    assert trie.find(table(names)).tolist() == [first[tuple(name)] for name in names]


@settings(deadline=None, max_examples=60)
@given(NAMES, st.lists(st.integers(0, 4), min_size=30, max_size=30))
def test_a_trie_for_each_group_holds_the_names_of_the_group(names: list[list[int]], groups: list[int]) -> None:
    chosen = np.array(groups[: len(names)])
    together = Trie.of(table(names), np.arange(len(names)), chosen, 5)
    reached: dict[int, list[tuple[int, ...]]] = {group: [] for group in range(5)}
    paths = {group: [(group, ())] for group in range(5)}
    while any(paths.values()):
        for group, ends in paths.items():
            grown = []
            for node, path in ends:
                _, children = together.children(np.array([node]))
                grown += [(int(child), (*path, int(together.token[child]))) for child in children]
            reached[group] += [path for _, path in grown if path[-1] == END]
            paths[group] = [(node, path) for node, path in grown if path[-1] != END]
    for group in range(5):
        assert sorted(reached[group]) == sorted({(*names[i], END) for i in np.flatnonzero(chosen == group)})


def test_a_name_that_begins_another_is_a_leaf_of_its_own() -> None:
    trie = Trie.of(table([[10], [10, 11]]), np.array([0, 1]))
    assert written(trie) == [(10, END), (10, 11, END)]


def test_duplicates_count_once_and_stand_for_the_first() -> None:
    trie = Trie.of(table([[10, 11], [12], [10, 11]]), np.array([5, 6, 7]))
    assert len(trie) == 2
    assert trie.find(table([[10, 11]])).tolist() == [5]


def test_what_is_no_name_is_invalid() -> None:
    trie = Trie.of(table([[10, 11], [12]]), np.array([0, 1]))
    asked = padded([[10, END], [10, 11], [12, END], [13, END], [END], [12, END, 12], []], 7)
    assert trie.find(asked).tolist() == [INVALID, INVALID, 1, INVALID, INVALID, INVALID, INVALID]
    with pytest.raises(ValueError, match="no leaf"):
        trie.value_at(np.array([0]))


def test_a_trie_of_no_names_has_a_root_and_finds_nothing() -> None:
    trie = Trie.of(table([]), np.zeros(0, np.int64))
    assert len(trie) == 0
    assert trie.children(np.array([0]))[1].size == 0
    assert trie.find(table([[10]])).tolist() == [INVALID]


def test_children_are_neighbours_in_order_of_their_tokens() -> None:
    rng = np.random.default_rng(0)
    trie = Trie.of(table(rng.integers(10, 20, (200, 3)).tolist()), np.arange(200))
    for node in range(len(trie.token)):
        _, children = trie.children(np.array([node]))
        assert (np.diff(trie.token[children].astype(int)) > 0).all()
    assert trie.nbytes == 2 * len(trie.token) + 4 * (len(trie.token) + 1) + 8 * len(trie)


def test_the_trie_of_medic_holds_all_names_and_no_more(mirror: Path) -> None:
    """Of names that several diseases have, each stands for the first."""
    from harness.tasks.entity_linking.problems.annotated import disease_names

    catalogue, _ = disease_names()
    stored = Tokens(digest="", vocabulary=4000, texts=catalogue.names).build()["tokenizer"]
    tokens = Reader.restore(stored, 4, 64, 64).names(catalogue.names)
    trie = Trie.of(tokens, catalogue.owners)
    lower = [name.lower() for name in catalogue.names]
    first = dict(zip(reversed(lower), catalogue.owners[::-1].tolist(), strict=True))
    assert len(trie) == len(first) > 70_000
    assert trie.find(tokens).tolist() == [first[name] for name in lower]
