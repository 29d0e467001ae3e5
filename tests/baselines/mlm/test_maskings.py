"""The baselines' units, and what all maskings have in common."""

from collections import Counter

import numpy as np
import pytest

from baselines.mlm.frequency import Frequency
from baselines.mlm.random_span import RandomSpan
from baselines.mlm.random_token import RandomToken
from baselines.mlm.whole_word import WholeWord
from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.mlm import Blocks
from harness.tasks.mlm.problems.atlas import planted_text
from harness.tasks.mlm.task import Mlm
from methods.pmi_masking.ablations import NaivePmi
from methods.pmi_masking.pmi_masking import PmiMasking

TASK = Mlm(read_card(HARNESS / "tasks" / "mlm" / "task.toml"))
ENTRANTS = (RandomToken, WholeWord, RandomSpan, Frequency, NaivePmi, PmiMasking)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    resolved = TASK.card.resolve("smoke", "atlas")
    cache = Cache(tmp_path_factory.mktemp("artefacts"))
    return Run(settings=resolved.settings, budget=resolved.budget, streams=Streams("mlm", 0), cache=cache)


@pytest.fixture(scope="module")
def text(run):
    return TASK.problem("atlas", run).train


@pytest.fixture(scope="module", params=ENTRANTS, ids=lambda entrant: entrant.name)
def entrant(request, text, run):
    made = request.param()
    made.prepare(text, run)
    return made


def words_of_units(blocks, units):
    """The numbers of words of all units, and whether each unit has all pieces of its words."""
    sizes = Counter()
    for words, row in zip(blocks.words, units, strict=True):
        for unit in np.unique(row[row >= 0]):
            of_unit = words[row == unit]
            assert (np.diff(of_unit) <= 1).all(), "a unit is one run of words"
            assert np.isin(words, of_unit).sum() == len(of_unit), "a unit has all pieces of its words"
            sizes[len(np.unique(of_unit))] += 1
    return sizes


def test_every_token_but_special_ones_is_in_a_unit_of_whole_words(entrant, text):
    units = entrant.units(text.blocks, np.random.default_rng(0))
    np.testing.assert_array_equal(units >= 0, text.blocks.words >= 0)
    if entrant.name != "random_token":
        words_of_units(text.blocks, units)


def test_units_do_not_depend_on_the_size_of_the_batch_but_by_chance(entrant, text):
    blocks = text.blocks.select(np.arange(40))
    units = entrant.units(blocks, np.random.default_rng(0))
    again = entrant.units(blocks, np.random.default_rng(0))
    np.testing.assert_array_equal(units, again)


def test_random_tokens_are_units_by_themselves(text):
    units = RandomToken().units(text.blocks, np.random.default_rng(0))
    for row in units:
        assert len(np.unique(row[row >= 0])) == (row >= 0).sum()


def test_whole_words_are_units(text):
    sizes = words_of_units(text.blocks, WholeWord().units(text.blocks, np.random.default_rng(0)))
    assert sizes == {1: len(text.words.ids)}


def test_random_spans_have_3_8_words_on_average_by_the_renormalised_geometric_distribution():
    p = RandomSpan().length_distribution()
    assert p @ np.arange(1, 11) == pytest.approx(3.797, abs=5e-4)
    assert p[1:] / p[:-1] == pytest.approx(0.8)
    assert p.sum() == pytest.approx(1)


def test_drawn_spans_follow_these_probabilities_but_for_the_last_of_a_block(blocks_of_ones):
    many = blocks_of_ones(300, 60)
    units = RandomSpan().units(many, np.random.default_rng(0))
    lengths = []
    for row in units:
        lengths += np.unique(row[row >= 0], return_counts=True)[1][:-1].tolist()
    shares = np.bincount(lengths, minlength=11)[1:] / len(lengths)
    assert np.mean(lengths) == pytest.approx(3.7, abs=0.15)
    assert shares == pytest.approx(RandomSpan().length_distribution(), abs=0.02)


@pytest.fixture
def blocks_of_ones():
    def make(rows, words):
        tokens = np.full((rows, words + 2), 5, np.int32)
        of_words = np.full((rows, words + 2), -1, np.int32)
        of_words[:, 1:-1] = np.arange(rows * words).reshape(rows, words)
        return Blocks(tokens, of_words)

    return make


def test_planted_phrases_are_units_of_pmi_masking(text, run):
    """Most occurrences of a planted phrase are masked as one."""
    words, spans = planted_text(run.settings, Streams("mlm", 0).rng("data")).split("train")
    np.testing.assert_array_equal(words.ids, text.words.ids)
    entrant = PmiMasking()
    entrant.prepare(text, run)
    units = entrant.units(text.blocks, np.random.default_rng(0))
    whole = []
    for row, of_words in zip(units, text.blocks.words, strict=True):
        for start in np.unique(of_words[of_words >= 0]):
            if spans[start] and start + spans[start] - 1 in of_words:
                whole.append(len({*row[(of_words >= start) & (of_words < start + spans[start])]}) == 1)
    assert np.mean(whole) > 0.5
