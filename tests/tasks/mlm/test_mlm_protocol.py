"""The protocol: known predictors score as they must, and bad ones are refused."""

import numpy as np
import pytest
import torch

from harness.core.card import read_card
from harness.core.errors import BadOutput, UserError
from harness.registry.headers import HARNESS
from harness.tasks.mlm import MaskedLanguageModel, Masking, NGramMasking, TrainingReport
from harness.tasks.mlm.problems.atlas import planted_text
from harness.tasks.mlm.problems.pieces import MASK, PAD
from harness.tasks.mlm.problems.text import Probe, Sentences
from harness.tasks.mlm.scores.evaluation import one_span_a_block
from harness.tasks.mlm.scores.probes import probe_scores
from harness.tasks.mlm.task import Mlm

TASK = Mlm(read_card(HARNESS / "tasks" / "mlm" / "task.toml"))
MASKS = ("token", "word", "span", "phrase", "pmi")


class Fixed(MaskedLanguageModel):
    """Predicts the same at every token."""

    def fit(self, text, run):
        self.log_p = text.piece_log_p

    def log_probabilities(self, tokens, masked):
        assert (tokens[masked] == MASK).all()
        return np.tile(self.log_p, (int(masked.sum()), 1)).astype(np.float32)


class ByList(NGramMasking):
    """Prefers the n-grams that it is told."""

    def rank(self, ngrams):
        return self.scores(ngrams)


def scores_of(system, problem, run):
    return {(score.metric, *score.at.values()): score for score in TASK.measure(system, problem.test, run)}


@pytest.fixture
def fixed(problem, smoke):
    system = Fixed()
    system.fit(problem.train, smoke())
    return system


def test_guessing_by_frequency_scores_chance_at_every_mask(fixed, problem, smoke):
    scores = scores_of(fixed, problem, smoke())
    assert {key[1] for key in scores if key[0] == "loss"} == set(MASKS)
    for (metric, *_), score in scores.items():
        chance = score.chance if metric == "loss" else problem.chance[metric]
        assert score.value == pytest.approx(chance, rel=1e-5), metric
    phrases = scores["phrase_loss",]
    assert phrases.value == scores["loss", "phrase"].value
    words = problem.test.masks["phrase"].words
    assert scores["phrase_loss_per_word",].value == pytest.approx(phrases.value * phrases.n_used / words)


def test_an_oracle_loses_nothing(problem, smoke):
    class Oracle(Fixed):
        """Knows the blocks, which are asked about in their order."""

        def log_probabilities(self, tokens, masked):
            targets = self.tokens[: len(tokens)][masked]
            self.tokens = self.tokens[len(tokens) :]
            log_p = np.full((len(targets), problem.test.vocabulary), -40.0, np.float32)
            log_p[np.arange(len(targets)), targets] = 0.0
            return log_p

    oracle = Oracle()
    oracle.tokens = np.concatenate([blocks.tokens for blocks in problem.test.masks.values()])
    assert {score.value for score in TASK.measure(oracle, problem.test, smoke())} == {0.0}


def test_probabilities_that_do_not_sum_to_one_are_refused(fixed, problem, smoke):
    fixed.log_p = fixed.log_p + 0.1
    with pytest.raises(BadOutput, match=r"probabilities sum to 1\.105 to 1\.105, not 1"):
        list(TASK.measure(fixed, problem.test, smoke()))


def test_predictions_of_another_shape_are_refused(fixed, problem, smoke):
    fixed.log_p = fixed.log_p[:-1]
    with pytest.raises(BadOutput, match="log_probabilities returned shape"):
        list(TASK.measure(fixed, problem.test, smoke()))


def test_phrases_that_are_masked_are_the_planted_ones(smoke):
    run = smoke()
    planted, problem = planted_text(run.settings, smoke().rng("data")), TASK.problem("atlas", run)
    names = problem.train.pieces.names
    texts = set()
    words, spans = planted.split("test")
    for start in np.flatnonzero(spans):
        texts.add("".join(words.vocabulary[i] for i in words.ids[start : start + spans[start]]))
    phrases = problem.test.masks["phrase"]
    for tokens, masked in zip(phrases.tokens, phrases.masked, strict=True):
        assert "".join(names[i].removeprefix("##") for i in tokens[masked]) in texts
    assert phrases.words >= 2 * len(phrases.tokens)


def test_scattered_masks_cover_15_percent_of_the_tokens_and_no_special_one(problem):
    for kind in ("token", "word", "span"):
        blocks = problem.test.masks[kind]
        special = np.isin(blocks.tokens, [PAD, 2, 3])
        assert not (blocks.masked & special).any()
        assert blocks.masked.sum() / (~special).sum() == pytest.approx(0.15, abs=0.005)


def test_the_splits_share_no_article(smoke):
    planted = planted_text(smoke().settings, smoke().rng("data"))
    sizes = [len(planted.split(name)[0].documents) - 1 for name in ("train", "valid", "test")]
    assert sizes == [63, 9, 18]
    joined = np.concatenate([planted.split(name)[0].ids for name in ("train", "valid", "test")])
    np.testing.assert_array_equal(joined, planted.words.ids)


def test_equal_seeds_give_equal_problems_and_other_seeds_other_ones(problem, smoke):
    assert TASK.problem("atlas", smoke()).produced == problem.produced
    assert TASK.problem("atlas", smoke(seed=1)).produced != problem.produced


def test_a_text_without_a_frequent_n_gram_is_refused(problem, smoke):
    entrant = ByList()
    entrant.scores = lambda ngrams: ngrams.log_p
    with pytest.raises(UserError, match=r"no n-gram of 2 to 5 words occurs 9999 times .* lower the setting `least`"):
        entrant.prepare(problem.train, smoke(least=9999))


@pytest.mark.parametrize("rows", [0, 20])
def test_a_held_out_text_without_phrases_is_refused(problem, rows):
    blocks, spans = problem.train.blocks.select(np.arange(rows)), np.zeros(len(problem.train.words.ids), np.int8)
    with pytest.raises(UserError, match=f"none of the {rows} held-out blocks has a phrase"):
        one_span_a_block(blocks, spans, problem.train.piece_log_p, 10, np.random.default_rng(0))


def test_a_text_that_does_not_fill_a_batch_is_refused(problem, smoke):
    with pytest.raises(ValueError, match="items do not fill a batch of 9999"):
        EveryWord().fit(problem.train, smoke(batch=9999))


def test_scores_that_are_not_finite_are_refused(problem, smoke):
    entrant = ByList()
    entrant.scores = lambda ngrams: np.full(len(ngrams.words), np.nan)
    with pytest.raises(BadOutput, match="rank returned"):
        entrant.prepare(problem.train, smoke())


def test_a_ranking_is_scored_by_the_pairs_in_the_right_order(smoke):
    collocations = TASK.problem("collocations", smoke("collocations")).test
    entrant = ByList()
    for scores, expected in (
        (collocations.is_planted.astype(float), 1.0),
        (collocations.is_junk.astype(float), 0.0),
        (np.zeros(len(collocations.is_junk)), 0.5),
    ):
        entrant.scores = lambda ngrams, scores=scores: scores
        (score,) = TASK.measure(entrant, collocations, smoke())
        assert (score.metric, score.value) == ("planted_above_junk", expected)
    assert not (collocations.is_planted & collocations.is_junk).any()


class EveryWord(Masking):
    """Whole words."""

    def units(self, blocks, rng):
        return blocks.words.astype(np.int64)


def test_training_counts_what_it_masks_and_learns(problem, smoke):
    entrant = EveryWord()
    entrant.fit(problem.train, smoke())
    report = entrant.training_report()
    assert isinstance(report, TrainingReport)
    assert report.mask_rate == pytest.approx(0.15, abs=0.005)
    assert (list(report.unit_mask_rates), report.coverage) == ([1], 0.0)
    assert report.gain > 0


def test_probes_read_labels_that_the_states_tell(problem, smoke):
    """Sentences of two pieces each, of which the label names one."""

    class Embeds(Fixed):
        def encoder(self):
            torch.manual_seed(0)
            return torch.nn.Embedding(60, 32)

    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=400)
    tokens = np.column_stack([5 + labels, rng.integers(10, 60, 400)])
    probe = Probe(Sentences(tokens[:300], labels[:300]), Sentences(tokens[300:], labels[300:]))
    run = smoke(probe_passes=40, probe_lr=0.03)
    for name, metric in (("sst2", "sst2_accuracy"), ("cola", "cola_matthews")):
        scores = {score.at["stage"]: score.value for score in probe_scores(Embeds(), name, probe, run)}
        assert scores.keys() == {"frozen", "tuned"}
        assert min(scores.values()) > 0.95, metric


def test_fine_tuning_leaves_the_model_as_it_was(problem, smoke):
    entrant = EveryWord()
    entrant.fit(problem.train, smoke())
    before = [weight.clone() for weight in entrant.network.parameters()]
    tokens, labels = problem.test.masks["word"].tokens[:40], np.arange(40) % 2
    probe = Probe(Sentences(tokens, labels), Sentences(tokens, labels))
    list(probe_scores(entrant, "sst2", probe, smoke()))
    assert all(torch.equal(a, b) for a, b in zip(before, entrant.network.parameters(), strict=True))
