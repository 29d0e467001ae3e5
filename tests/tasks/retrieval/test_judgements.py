"""Judgements: which document answers which query."""

import numpy as np

from harness.tasks.retrieval.problems.collection import Judgements

GOLD = Judgements.of(np.array([2, 0, 0, 3, 2]), np.array([1, 4, 0, 3, 1]), 5, np.array([1, 2, 0, -1, 9]))


def test_pairs_are_sorted_and_the_first_of_a_double_counts():
    assert GOLD.queries.tolist() == [0, 0, 2, 3]
    assert GOLD.documents.tolist() == [0, 4, 1, 3]
    assert GOLD.grades.tolist() == [0, 2, 1, 0]


def test_grades_of_unjudged_pairs_and_of_no_document_are_zero():
    found = GOLD.grade(np.array([0, 1, 2]), np.array([[4, 0, -1], [4, 0, 1], [1, 4, -1]]))
    assert found.tolist() == [[2, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_relevant_documents_of_queries_in_any_order():
    position, document = GOLD.relevant(np.array([2, 1, 0, 2, 3]))
    assert list(zip(position.tolist(), document.tolist(), strict=True)) == [(0, 1), (2, 4), (3, 1)]


def test_joined_judgements_hold_the_pairs_of_both_and_the_first_ones_grades():
    more = Judgements.of(np.array([1, 0, 2]), np.array([0, 4, 3]), 5, np.array([1, 7, 1]))
    both = GOLD.joined(more)
    assert list(zip(both.queries, both.documents, both.grades, strict=True)) == [
        *[(0, 0, 0), (0, 4, 2), (1, 0, 1), (2, 1, 1), (2, 3, 1), (3, 3, 0)]
    ]
    assert both.grade(np.array([2]), np.array([[1, 3, 0]])).tolist() == [[1, 1, 0]]


def test_a_subset_of_queries_is_renumbered():
    part = GOLD.of_queries(np.array([1, 2, 3]))
    assert part.queries.tolist() == [1, 2]
    assert part.documents.tolist() == [1, 3]
    assert part.grades.tolist() == [1, 0]
