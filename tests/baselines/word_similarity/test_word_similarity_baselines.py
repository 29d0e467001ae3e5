"""The baselines of the task `word_similarity`, against their definitions and on a text with known topics."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from baselines.word_similarity.lsh import Lsh
from baselines.word_similarity.ppmi import Ppmi, positive_pmi
from baselines.word_similarity.sgns import Sgns
from harness.artefacts import Cache
from harness.card import read_card
from harness.headers import HARNESS
from harness.run import Run
from harness.seeds import Streams
from harness.spec import Budget
from harness.task import Problem
from harness.tasks.word_similarity import Corpus, WordEmbedder, cooccurrences
from harness.tasks.word_similarity.task import WordSimilarity

CARD = read_card(HARNESS / "tasks" / "word_similarity" / "task.toml")
TASK = WordSimilarity(CARD)


def prepare(folder: Path, passes: int, tokens: int = 60_000) -> tuple[Run, Problem]:
    """A generated text with a budget of so many passes over it."""
    settings = {**CARD.resolve("smoke", "atlas").settings, "tokens": tokens}
    budget = Budget("tokens", tokens * passes)
    run = Run(settings=settings, budget=budget, streams=Streams("word_similarity", 0), cache=Cache(folder))
    return run, TASK.problem("atlas", run)


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


def test_ppmi_reads_the_text_once(tmp_path: Path) -> None:
    run, problem = prepare(tmp_path, passes=3)
    Ppmi().fit(problem.train, run)
    assert run.spent == 60_000


@pytest.mark.parametrize("baseline", [Ppmi(), Sgns(), Lsh()], ids=lambda baseline: baseline.name)
def test_baseline_is_far_above_chance(baseline: WordEmbedder, tmp_path: Path) -> None:
    run, problem = prepare(tmp_path, passes=4, tokens=200_000)
    baseline.fit(problem.train, run)
    scores = TASK.measure(baseline, problem.test, run.for_measuring())
    assert next(score.value for score in scores if score.metric == "mean_spearman") > 0.25


def test_lsh_activates_one_side_of_each_hyperplane() -> None:
    dense = np.random.default_rng(0).normal(size=(50, 20)).astype(np.float32)
    codes = Lsh().encode(dense, 16, np.random.default_rng(1))
    assert codes.shape == (50, 32)
    assert (codes[:, :16] ^ codes[:, 16:]).all()
    assert Lsh().bits(16) == 16


def test_lsh_agrees_as_often_as_the_angle_says() -> None:
    dense = np.random.default_rng(0).normal(size=(2, 20)).astype(np.float32)
    codes = Lsh().encode(dense, 20_000, np.random.default_rng(1))
    cosine = dense[0] @ dense[1] / np.prod(np.linalg.norm(dense, axis=1))
    assert (codes[0] & codes[1]).sum() / 20_000 == pytest.approx(1 - np.arccos(cosine) / np.pi, abs=0.01)


def test_short_lsh_codes_are_parts_of_long_ones() -> None:
    dense = np.random.default_rng(0).normal(size=(50, 20)).astype(np.float32)
    short, long = (Lsh().encode(dense, k, np.random.default_rng(1)) for k in (4, 16))
    assert (short[:, :4] == long[:, :4]).all()
