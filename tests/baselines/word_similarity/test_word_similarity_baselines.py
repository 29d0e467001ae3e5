"""The baselines of the task `word_similarity`, against their definitions and on a text with known topics."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from baselines.word_similarity.glove import Glove
from baselines.word_similarity.itq import Itq
from baselines.word_similarity.lsh import Lsh
from baselines.word_similarity.nlb import Nlb
from baselines.word_similarity.ppmi import Ppmi, positive_pmi
from baselines.word_similarity.randexp import RandExp
from baselines.word_similarity.sgns import Sgns
from baselines.word_similarity.sign import Sign
from baselines.word_similarity.strongest_contexts import StrongestContexts
from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.task import Problem
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.word_similarity import Corpus, WordEmbedder, code_bits, cooccurrences
from harness.tasks.word_similarity.task import WordSimilarity

CARD = read_card(HARNESS / "tasks" / "word_similarity" / "task.toml")
TASK = WordSimilarity(CARD)


def prepare(folder: Path, passes: int, tokens: int = 60_000) -> tuple[Run, Problem]:
    """A generated text with a budget of so many passes over it."""
    settings = {**CARD.resolve("smoke", "atlas").settings, "tokens": tokens}
    budget = Budget("tokens", tokens * passes)
    run = Run(settings=settings, budget=budget, streams=Streams("word_similarity", 0), cache=Cache(folder))
    return run, TASK.problem("atlas", run)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that keeps what binarisers share."""
    return tmp_path_factory.mktemp("cache")


def test_positive_pmi_is_its_formula() -> None:
    counts = np.array([[4.0, 1, 0], [1, 0, 5], [0, 5, 2]])
    joint = counts / counts.sum()
    contexts = counts.sum(axis=0) ** 0.75
    with np.errstate(divide="ignore"):
        expected = np.log(joint / np.outer(joint.sum(axis=1), contexts / contexts.sum()))
    found = positive_pmi(csr_array(counts.astype(np.float32)), smoothing=0.75).toarray()
    assert found == pytest.approx(np.maximum(expected, 0), abs=1e-6)


def test_ppmi_factorises_its_matrix(tmp_path: Path) -> None:
    ppmi = Ppmi(dim=451, power=1.0)
    run, problem = prepare(tmp_path, passes=1)
    corpus: Corpus = problem.train
    ppmi.fit(corpus, run)
    matrix = positive_pmi(cooccurrences(corpus, [1.0] * corpus.radius), ppmi.smoothing).toarray()
    assert ppmi.vectors() @ ppmi.vectors().T == pytest.approx(matrix @ matrix.T, abs=1e-2)


@pytest.mark.parametrize("baseline", [Ppmi(), Glove(epochs=1), StrongestContexts()], ids=lambda one: one.name)
def test_counting_entrants_read_the_text_once(baseline: WordEmbedder, tmp_path: Path) -> None:
    run, problem = prepare(tmp_path, passes=3)
    baseline.fit(problem.train, run)
    assert run.spent == 60_000


@pytest.mark.parametrize(
    "baseline",
    [
        Ppmi(),
        Sgns(),
        Glove(),
        StrongestContexts(),
        Lsh(),
        Sign(hash_length=16),
        RandExp(),
        Itq(hash_length=16),
        Nlb(hash_length=128),
    ],
    ids=lambda baseline: baseline.name,
)
def test_baseline_is_far_above_chance(baseline: WordEmbedder, shared: Path) -> None:
    run, problem = prepare(shared, passes=4, tokens=200_000)
    baseline.fit(problem.train, run)
    scores = TASK.measure(baseline, problem.test, run.for_measuring())
    assert next(score.value for score in scores if score.metric == "mean_spearman") > 0.25


def test_strongest_contexts_are_those_of_largest_pointwise_mutual_information(tmp_path: Path) -> None:
    run, problem = prepare(tmp_path, passes=1)
    corpus: Corpus = problem.train
    system = StrongestContexts(contexts=100)
    system.fit(corpus, run)
    frequent = np.argsort(-corpus.counts, kind="stable")[:100]
    matrix = positive_pmi(cooccurrences(corpus, [1.0] * corpus.radius), system.smoothing).toarray()[:, frequent]
    codes = system.codes(5)
    assert codes.shape == (len(corpus.vocabulary), 100)
    assert matrix[codes].reshape(-1, 5).min(axis=1) == pytest.approx(np.sort(matrix, axis=1)[:, -5])


def test_bytes_of_a_word_are_those_of_its_code_or_vector(shared: Path) -> None:
    expected = {
        Ppmi(dim=30): 120,
        Sgns(dim=30): 120,
        Glove(dim=30, epochs=1): 120,
        Lsh(): 50 / 8,
        Sign(): 50 / 8,
        Itq(): 50 / 8,
        Nlb(epochs=1): 50 / 8,
        RandExp(): code_bits(400, 50) / 8,
        StrongestContexts(contexts=100): code_bits(100, 50) / 8,
    }
    for baseline, size in expected.items():
        run, problem = prepare(shared, passes=1, tokens=20_000)
        baseline.fit(problem.train, run)
        scores = TASK.measure(baseline, problem.test, run.for_measuring())
        assert next(score.value for score in scores if score.metric == "bytes_a_word") == pytest.approx(size)
