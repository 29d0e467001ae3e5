"""What FlyVec sees of a text, and the codes that it gives to words."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.core.artefacts import Cache
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.run import Run
from harness.tasks.word_similarity import Corpus
from methods.flyvec.ablations import UntrainedFlyVec
from methods.flyvec.flyvec import FlyVec
from methods.flyvec.windows import Windows, centres, stop_words

WORDS = 122
TOPICS = 6


def topical(sentences: int = 1500, length: int = 15, words: int = WORDS, topics: int = TOPICS) -> Corpus:
    """Sentences each of whose words are of one topic: word w is of topic (w - 2) % topics."""
    rng = np.random.default_rng(0)
    topic = rng.integers(topics, size=(sentences, 1))
    tokens = 2 + topic + topics * rng.integers((words - 2) // topics, size=(sentences, length))
    vocabulary = ("<unk>", "<num>", *(f"w{i}" for i in range(words - 2)))
    ends = np.arange(sentences + 1) * length
    return Corpus(tokens.ravel().astype(np.int32), ends, vocabulary, radius=5)


def run_of(corpus: Corpus, passes: int, folder: Path) -> Run:
    """A run that affords so many passes."""
    budget = Budget("tokens", passes * len(corpus.tokens))
    return Run(settings={}, budget=budget, streams=Streams("word_similarity", 0), cache=Cache(folder))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> FlyVec:
    corpus = topical()
    flyvec = FlyVec(units=60, hash_length=6, stop_mass=0.0, batch=500)
    flyvec.fit(corpus, run_of(corpus, 3, tmp_path_factory.mktemp("cache")))
    return flyvec


def same_topic_margin(vectors: np.ndarray) -> float:
    """Mean cosine of words of one topic less that of words of two."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    together = (np.arange(2, WORDS)[:, None] - np.arange(2, WORDS)) % TOPICS == 0
    cosines = (unit @ unit.T)[2:, 2:]
    apart = ~together
    np.fill_diagonal(together, False)
    return float(cosines[together].mean() - cosines[apart].mean())


@given(lengths=st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_windows_never_cross_sentences(lengths: list[int]) -> None:
    ends = np.concatenate([[0], np.cumsum(lengths)])
    found = centres(ends, radius=5)
    assert len(found) == sum(max(0, length - 10) for length in lengths)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    around = found[:, None] + np.arange(-5, 6)
    assert (owner[around] == owner[found][:, None]).all()
    assert len(set(found.tolist())) == len(found)


def test_order_of_the_context_does_not_matter() -> None:
    windows = Windows(np.zeros(20, np.bool_), "pruned")
    context, centre = torch.tensor([[3, 9, 4, 3, 12]]), torch.tensor([4])
    inputs = windows.inputs(context, centre)
    for order in ([4, 3, 2, 1, 0], [1, 0, 4, 2, 3]):
        assert windows.inputs(context[:, order], centre).sort().values.equal(inputs.sort().values)


def test_centre_is_one_neuron_of_its_own_block() -> None:
    inputs = Windows(np.zeros(20, np.bool_), "pruned").inputs(torch.tensor([[3, 9]]), torch.tensor([4]))
    assert sorted(inputs[0].tolist()) == [3, 9, 24]


@pytest.mark.parametrize(("duplicates", "active"), [("pruned", [3, 9, 24]), ("counted", [3, 3, 9, 24])])
def test_duplicates_in_a_context_are_pruned_or_counted(duplicates: str, active: list[int]) -> None:
    windows = Windows(np.zeros(20, np.bool_), duplicates)  # type: ignore[arg-type]
    inputs = windows.inputs(torch.tensor([[3, 9, 3]]), torch.tensor([4]))
    assert sorted(i for i in inputs[0].tolist() if i < 40) == active


def test_stop_words_and_missing_words_activate_nothing() -> None:
    stops = np.zeros(20, np.bool_)
    stops[[7, 8]] = True
    inputs = Windows(stops, "pruned").inputs(torch.tensor([[7, -1, 3]]), torch.tensor([8]))
    assert [i for i in inputs[0].tolist() if i < 40] == [3]


def test_stop_words_are_the_most_frequent_up_to_their_mass() -> None:
    counts = np.array([5, 40, 1, 30, 20, 4])
    assert np.flatnonzero(stop_words(counts, 0.7)).tolist() == [1, 3]
    assert not stop_words(counts, 0.0).any()


def test_training_beats_untrained_weights(fitted: FlyVec, tmp_path: Path) -> None:
    untrained = UntrainedFlyVec(units=60, hash_length=6)
    corpus = topical()
    untrained.fit(corpus, run_of(corpus, 3, tmp_path))
    assert abs(same_topic_margin(untrained.vectors())) < 0.05
    assert same_topic_margin(fitted.vectors()) > 0.25


@pytest.mark.parametrize("sigma", [0.02, 0.002])
def test_nearly_all_cells_win_where_topics_suffice(sigma: float, tmp_path: Path) -> None:
    corpus = topical(words=2002, topics=200)
    flyvec = FlyVec(units=60, sigma=sigma, stop_mass=0.0)
    flyvec.fit(corpus, run_of(corpus, 1, tmp_path))
    middle = torch.from_numpy(centres(corpus.sentences, 5))
    around = torch.tensor([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5])
    text = torch.tensor(corpus.tokens).long()
    winners = flyvec._cells.winners(flyvec._windows.inputs(text[middle[:, None] + around], text[middle]))
    assert len(set(winners.tolist())) > 0.9 * 60


def test_static_code_does_not_depend_on_context_weights(fitted: FlyVec) -> None:
    before = fitted.codes(6)
    kept = fitted._weights
    fitted._weights = np.concatenate([np.zeros_like(kept[:WORDS]), kept[WORDS:]])
    after = fitted.codes(6)
    fitted._weights = kept
    assert (before == after).all()


def test_context_changes_the_code(fitted: FlyVec) -> None:
    tokens = np.full((2, 11), 2)
    tokens[1] = 3  # another topic
    tokens[:, 5] = 4
    first, second = fitted.contextual(tokens, np.array([5, 5]))
    assert first.sum() == second.sum() == 6
    assert (first != second).any()


def test_words_in_context_are_answered_one_by_one(fitted: FlyVec) -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(WORDS, size=(40, 18))
    tokens[::3, 12:] = -1
    position = rng.integers(12, size=40)
    together = fitted.contextual(tokens, position)
    for row in range(40):
        alone = fitted.contextual(tokens[row : row + 1, : 12 if row % 3 == 0 else 18], position[row : row + 1])
        assert (alone[0] == together[row]).all()


def test_word_without_context_has_its_static_code(fitted: FlyVec) -> None:
    alone = fitted.contextual(np.arange(WORDS)[:, None], np.zeros(WORDS, np.int64))
    assert (alone == fitted.vectors()).all()


def test_context_of_nothing_known_is_zero(tmp_path: Path) -> None:
    corpus = topical(sentences=100)
    flyvec = UntrainedFlyVec(units=60, hash_length=6, stop_mass=1.0)
    flyvec.fit(corpus, run_of(corpus, 1, tmp_path))
    assert not flyvec.contextual(np.array([[2, 3, 4]]), np.array([1])).any()


def test_budget_is_spent_in_whole_passes(tmp_path: Path) -> None:
    corpus = topical(sentences=100)
    run = run_of(corpus, 2, tmp_path)
    FlyVec(units=20).fit(corpus, run)
    assert run.spent == run.budget.total
    energy = [point["energy"] for point in run.curve]
    assert len(energy) == 3
    assert energy[-1] < energy[0]


def test_text_without_a_window_is_an_error(tmp_path: Path) -> None:
    corpus = topical(sentences=100, length=10)
    with pytest.raises(ValueError, match="window of 11 words"):
        FlyVec().fit(corpus, run_of(corpus, 1, tmp_path))
