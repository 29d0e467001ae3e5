"""PMI by hand, in the paper's form and in that of the released lists."""

import math

import numpy as np
import pytest

from harness.tasks.mlm import NGrams
from methods.pmi_masking.ablations import NaivePmi
from methods.pmi_masking.pmi_masking import PmiMasking

# Probabilities of "Kuala Lumpur is" and "editor in chief", and of what they can be cut into.
KUALA_LUMPUR_IS = 1.8e-7, [[9e-6, 1e-2], [1e-5, 2e-7], [1e-5, 1e-5, 1e-2]]
EDITOR_IN_CHIEF = 3e-6, [[5e-6, 1e-4], [1e-4, 4e-6], [1e-4, 2e-2, 1e-4]]


def ngrams(*given):
    log_p = np.log([p for p, _ in given])
    parts = np.array([[sum(map(math.log, cut)) for cut in cuts] for _, cuts in given])
    zeros = np.zeros(len(given), np.int64)
    return NGrams(words=np.zeros((len(given), 3), np.int32), keys=zeros, counts=zeros, log_p=log_p, log_p_parts=parts)


@pytest.mark.parametrize(
    ("given", "naive", "paper", "released"),
    [(KUALA_LUMPUR_IS, 12.101, 0.693, -14.837), (EDITOR_IN_CHIEF, 9.616, 8.700, -4.017)],
    ids=["Kuala Lumpur is", "editor in chief"],
)
def test_scores_by_hand(given, naive, paper, released):
    one = ngrams(given)
    assert NaivePmi().rank(one)[0] == pytest.approx(naive, abs=1e-3)
    assert PmiMasking().rank(one)[0] == pytest.approx(paper, abs=1e-3)
    assert PmiMasking(score="released").rank(one)[0] == pytest.approx(released, abs=1e-3)
    assert NaivePmi(score="released").rank(one)[0] == pytest.approx(naive + math.log(given[0]), abs=1e-3)


def test_a_strong_part_explains_an_n_gram_and_the_ranking_turns():
    both = ngrams(KUALA_LUMPUR_IS, EDITOR_IN_CHIEF)
    assert NaivePmi().rank(both).argmax() == 0
    assert PmiMasking().rank(both).argmax() == 1
    assert PmiMasking(score="released").rank(both).argmax() == 1


def test_independent_words_have_a_pmi_of_zero():
    p = [1e-2, 2e-2, 3e-2]
    independent = ngrams((math.prod(p), [[p[0] * p[1], p[2]], [p[0], p[1] * p[2]], p]))
    assert PmiMasking().rank(independent)[0] == pytest.approx(0, abs=1e-12)
