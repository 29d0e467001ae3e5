"""The protocol of the task `word_similarity`: what a seed draws, what is scored, and what is refused."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.errors import BadOutput, UserError
from harness.core.seeds import Streams
from harness.core.task import Problem
from harness.data.atlas import Atlas, AtlasOptions
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.word_similarity import Binariser, Corpus, WordEmbedder, code_bits
from harness.tasks.word_similarity.data import ATLAS_SLACK, Judgements, Material, PairSet, out_of_context
from harness.tasks.word_similarity.models.skipgram import DenseVectors
from harness.tasks.word_similarity.problems.context import RatedUses, Senses, Uses
from harness.tasks.word_similarity.problems.topics import Documents
from harness.tasks.word_similarity.task import WordSimilarity

CARD = read_card(HARNESS / "tasks" / "word_similarity" / "task.toml")
Scores = Mapping[tuple[str, Mapping[str, float | str]], float]


class Table(WordEmbedder):
    """Vectors that are given to it."""

    table: np.ndarray

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Nothing to learn."""

    def vectors(self) -> np.ndarray:
        return self.table


class Coded(Table):
    """Codes whose active bits are the largest entries of a table."""

    def codes(self, k: int) -> np.ndarray:
        active = np.zeros(self.table.shape, np.bool_)
        np.put_along_axis(active, np.argsort(-self.table, axis=1, kind="stable")[:, :k], True, axis=1)
        return active

    def bits(self, k: int) -> float:
        return code_bits(self.table.shape[1], k)


class Signs(Binariser):
    """One active bit of two for each of the first k coordinates."""

    def encode(self, dense: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
        self.drawn = rng.random()
        above = dense[:, :k] > 0
        return np.concatenate([above, ~above], axis=1)

    def bits(self, k: int) -> float:
        return float(k)


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., tuple[Problem, Run]]:
    def prepared(case: str = "atlas", seed: int = 0, **settings: Any) -> tuple[Problem, Run]:
        resolved = CARD.resolve("smoke", case)
        run = Run(
            settings={**resolved.settings, **settings},
            budget=resolved.budget,
            streams=Streams("word_similarity", seed),
            cache=Cache(tmp_path),
        )
        return WordSimilarity(CARD).problem(case, run), run

    return prepared


def measured(system: WordEmbedder, split: Judgements, **settings: Any) -> dict[tuple[str, ...], float]:
    """Every score by metric and point."""
    resolved = CARD.resolve("smoke", "atlas")
    run = Run(settings={**resolved.settings, **settings}, budget=resolved.budget, streams=Streams("word_similarity", 0))
    scores = WordSimilarity(CARD).measure(system, split, run)
    return {(score.metric, *(f"{at}={value}" for at, value in score.at.items())): score.value for score in scores}


def judgements(pairs: int = 60, words: int = 30, seed: int = 0) -> Judgements:
    """Two sets of random pairs, one of which enters the mean."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(words, size=(2, 2, pairs))
    sets = [
        PairSet(name, first, second, rng.normal(size=pairs), pairs + 5)
        for name, (first, second) in zip("ab", rows, strict=True)
    ]
    return Judgements(words, sets, frozenset("a"))


def test_text_has_exactly_the_requested_length(prepare: Callable[..., tuple[Problem, Run]]) -> None:
    for tokens in (777, 20_000):
        corpus: Corpus = prepare(tokens=tokens)[0].train
        assert len(corpus.tokens) == corpus.sentences[-1] == tokens
        assert (np.diff(corpus.sentences) > 0).all()
        assert corpus.counts.sum() == tokens


def test_seed_draws_the_text_but_not_the_vocabulary(prepare: Callable[..., tuple[Problem, Run]]) -> None:
    (one, _), (again, _), (other, _) = (prepare(seed=seed) for seed in (0, 0, 1))
    assert one.train.vocabulary == other.train.vocabulary
    assert one.train.vocabulary[:2] == ("<unk>", "<num>")
    assert one.produced == again.produced != other.produced
    assert not np.array_equal(one.train.tokens, other.train.tokens)


def test_text_is_read_only(prepare: Callable[..., tuple[Problem, Run]]) -> None:
    corpus = prepare()[0].train
    with pytest.raises(ValueError, match="read-only"):
        corpus.tokens[0] = 5


def test_pass_over_the_text_costs_its_words(prepare: Callable[..., tuple[Problem, Run]]) -> None:
    problem, run = prepare()
    assert problem.train.passes_in(run) == 2
    assert list(problem.train.passes(run)) == [0, 1]
    assert run.spent == run.budget.total == 40_000


def test_text_too_short_is_a_user_error(monkeypatch: pytest.MonkeyPatch, prepare: Callable[..., Any]) -> None:
    monkeypatch.setattr("harness.tasks.word_similarity.data.ATLAS_SLACK", 0.5)
    with pytest.raises(UserError, match="tokens = 30000 asks for more words than the text has"):
        prepare(tokens=30_000)


def test_truth_of_the_generated_world_scores_one(prepare: Callable[..., tuple[Problem, Run]]) -> None:
    problem, run = prepare(seed=3)
    options = AtlasOptions(words=run.settings["atlas_words"], length=round(ATLAS_SLACK * run.settings["tokens"]))
    world = Atlas(options, Streams("word_similarity", 3).rng("data")).world
    truth = np.vstack([np.zeros((2, options.topics)), world.mixtures]).astype(np.float32)
    for split in (problem.valid, problem.test):
        assert measured(Table(table=truth), split)["mean_spearman",] > 0.999
    assert not set(zip(*problem.valid.sets[0][1:3], strict=True)) & set(zip(*problem.test.sets[0][1:3], strict=True))


def test_random_vectors_score_at_chance(prepare: Callable[..., tuple[Problem, Run]]) -> None:
    split = prepare()[0].test
    vectors = np.random.default_rng(0).normal(size=(split.words, 50)).astype(np.float32)
    assert abs(measured(Table(table=vectors), split)["mean_spearman",]) < 0.15


def test_cost_cases_measure_time_and_nothing_else(prepare: Callable[..., tuple[Problem, Run]]) -> None:
    problem, _ = prepare("cost")
    assert measured(Table(table=np.zeros((3, 3), np.float32)), problem.test).keys() == {("train_s",)}


def test_mean_is_over_the_named_sets_only() -> None:
    split = judgements()
    scores = measured(Table(table=np.random.default_rng(1).normal(size=(30, 8)).astype(np.float32)), split)
    assert scores["mean_spearman",] == scores["spearman", "set=a"] != scores["spearman", "set=b"]
    assert scores["coverage", "set=a"] == 60 / 65


def test_codes_are_scored_by_length_and_by_information() -> None:
    system = Coded(table=np.random.default_rng(1).normal(size=(30, 40)).astype(np.float32))
    scores = measured(system, judgements(), code_lengths=[4, 8, 64], code_bits=[1, 20])
    assert ("code_spearman", "set=b", "k=8") in scores
    assert ("code_mean_spearman", "k=64") not in scores  # 40 bits cannot have 64 active ones
    assert ("bits_mean_spearman", "bits=1") not in scores
    # log2 of 40 over 4 is 16.5, over 5 it is 19.3, over 6 it is 21.9: at most 20 bits are 5 active ones.
    five = measured(system, judgements(), code_lengths=[5], code_bits=[])
    assert scores["bits_mean_spearman", "bits=20"] == five["code_mean_spearman", "k=5"]


def test_similarity_of_codes_is_their_cosine() -> None:
    system = Coded(table=np.random.default_rng(1).normal(size=(30, 40)).astype(np.float32))
    as_vectors = measured(Table(table=system.codes(8).astype(np.float32)), judgements())
    as_codes = measured(system, judgements(), code_lengths=[8], code_bits=[])
    assert as_codes["code_spearman", "set=b", "k=8"] == pytest.approx(as_vectors["spearman", "set=b"])


def test_codes_with_another_number_of_active_bits_are_refused() -> None:
    system = Coded(table=np.random.default_rng(1).normal(size=(30, 40)).astype(np.float32))
    codes = system.codes
    system.codes = lambda k: codes(k + 1)  # type: ignore[method-assign]
    with pytest.raises(BadOutput, match=r"codes\(4\) returned 30 rows without 4 active bits"):
        measured(system, judgements())


def test_vectors_for_other_words_are_refused() -> None:
    with pytest.raises(BadOutput, match="vectors returned shape"):
        measured(Table(table=np.zeros((29, 8), np.float32)), judgements())


def test_bytes_of_a_code_are_its_information_and_of_a_vector_four_an_entry() -> None:
    table = np.random.default_rng(1).normal(size=(30, 40)).astype(np.float32)
    assert measured(Table(table=table), judgements())["bytes_a_word",] == 160
    system = Coded(table=table)
    system.vectors = lambda: system.codes(4).astype(np.float32)  # type: ignore[method-assign]
    assert measured(system, judgements())["bytes_a_word",] == pytest.approx(np.log2(91390) / 8)


def test_senses_are_classified_correctly_by_a_threshold_set_on_others() -> None:
    class InContext(Table):
        def contextual(self, tokens: np.ndarray, position: np.ndarray) -> np.ndarray:
            next_word = tokens[np.arange(len(tokens)), position + 1]
            return np.asarray(self.table[next_word])

    rng = np.random.default_rng(0)
    tokens = rng.integers(2, 30, size=(400, 5))
    position = rng.integers(4, size=400)
    after = tokens[np.arange(400), position + 1]
    senses = Senses(Uses(tokens, position), (after[0::2] - after[1::2]) % 2 == 0)
    table = np.eye(2, dtype=np.float32)[np.arange(30) % 2]
    split = judgements()
    told = Judgements(split.words, split.sets, split.mean_over, tuning=senses, senses=senses)
    assert measured(InContext(table=table), told)["wic_accuracy",] == 1
    assert ("wic_accuracy",) not in measured(Table(table=table), told)


def test_rated_uses_are_compared_in_context() -> None:
    class InContext(Table):
        def contextual(self, tokens: np.ndarray, position: np.ndarray) -> np.ndarray:
            return np.asarray(self.table[tokens[np.arange(len(tokens)), position + 1]])

    angles = np.linspace(0, np.pi / 2, 30)
    table = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    after = np.random.default_rng(0).integers(30, size=(50, 2))
    uses = Uses(np.stack([np.full(100, 7), after.ravel()], axis=1), np.zeros(100, np.int64))
    rated = RatedUses(uses, np.cos(angles[after[:, 0]] - angles[after[:, 1]]), expected=60)
    split = replace(judgements(), rated=rated)
    assert measured(InContext(table=table), split)["scws_spearman",] > 0.999
    assert ("scws_spearman",) not in measured(Table(table=table), split)
    together = out_of_context("SCWS", rated)
    assert (together.first == 7).all()
    assert (together.second == 7).all()
    assert (together.expected, len(together.judged)) == (60, 50)


def test_topics_are_classified_correctly_by_the_words_of_documents(
    prepare: Callable[..., tuple[Problem, Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def documents(seed: int) -> Documents:
        rng = np.random.default_rng(seed)
        topic = np.repeat(np.arange(3), [50, 30, 20])
        words = 3 * rng.integers(10, size=(100, 8)) + topic[:, None]
        bags = csr_array((np.ones(800, np.float32), (np.repeat(np.arange(100), 8), words.ravel())), shape=(100, 30))
        return Documents(bags, topic)

    split = replace(judgements(), documents=(documents(0), documents(1)))
    material = Material(prepare()[0].train, Judgements(), split, "drawn")
    monkeypatch.setattr("harness.tasks.word_similarity.task.gather", lambda case, run: material)
    problem, _ = prepare()
    assert problem.chance == {"newsgroups_accuracy": 0.5}
    by_topic = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
    assert measured(Table(table=by_topic), split)["newsgroups_accuracy",] == 1
    alike = measured(Table(table=np.ones((30, 4), np.float32)), split)
    assert alike["newsgroups_accuracy",] == 0.5


def test_training_time_of_a_binariser_is_that_of_its_dense_vectors(
    prepare: Callable[..., tuple[Problem, Run]],
) -> None:
    problem, run = prepare("cost")
    run.artefact(
        DenseVectors(corpus="another", passes=1, seed=1, negative=5, sample=1e-3, lr=0.025, text=problem.train)
    )
    before = run.shared_s
    system = Signs()
    system.fit(problem.train, run)
    (score,) = WordSimilarity(CARD).measure(system, problem.test, run.for_measuring())
    assert score.value == pytest.approx(run.shared_s - before)
    assert 0 < score.value < run.shared_s


def test_binarisers_share_the_dense_vectors_of_their_seed(prepare: Callable[..., tuple[Problem, Run]]) -> None:
    problem, run = prepare()
    _, second = prepare()
    one, other = Signs(hash_length=16), Signs(hash_length=16)
    one.fit(problem.train, run)
    other.fit(problem.train, second)
    assert run.spent == run.budget.total
    assert run.artefacts == second.artefacts
    assert one.shared_s == other.shared_s > 0
    assert (one.codes(16) == other.codes(16)).all()
    assert one.drawn == other.drawn
    assert one.vectors().sum(axis=1).tolist() == [16] * len(problem.train.vocabulary)
