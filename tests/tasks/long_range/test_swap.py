"""The swap: every attention is put between the same trained weights, and is measured before and after training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.task import Problem, Score
from harness.run import Run
from harness.tasks.long_range import Attention, SequenceClassifier, Sequences, data
from harness.tasks.long_range.task import LongRange
from harness.tasks.long_range.training.original import ExactAttention

CARD = read_card(Path(data.__file__).with_name("task.toml"))
TASK = LongRange(CARD)


class Exact(Attention):
    """The attention that the original learned with."""

    name = "exact"

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return ExactAttention()


class _Weighted(nn.Module):
    def __init__(self, length: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(length))

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        weight = (self.weight.softmax(0) * keep)[:, None, :, None]
        return (weight * v).sum(2, keepdim=True).expand_as(v)


class Weighted(Attention):
    """Weighs positions by weights of its own."""

    name = "weighted"

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return _Weighted(max_length)


def a_run(cache: Path, seed: int = 0, tuned: int = 32) -> Run:
    return Run(
        settings={**CARD.resolve("smoke", "swap_recall").settings, "original_examples": 2000, "lr": 0.01},
        budget=Budget("examples", tuned),
        streams=Streams("long_range", seed),
        cache=Cache(cache),
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("originals")


def fitted(entrant: Any, cache: Path, tuned: int = 32) -> tuple[Problem, list[Score]]:
    run = a_run(cache, tuned=tuned)
    problem = TASK.problem("swap_recall", run)
    entrant.fit(problem.train, run)
    return problem, list(TASK.measure(entrant, problem.test, run.for_measuring()))


def value(scores: list[Score], metric: str, stage: str) -> float:
    (score,) = (score for score in scores if (score.metric, score.at) == (metric, {"stage": stage}))
    assert score.items is not None
    assert score.value == pytest.approx(score.items.mean())
    return score.value


def test_the_same_attention_loses_nothing(cache: Path) -> None:
    _, scores = fitted(Exact(), cache)
    assert value(scores, "accuracy", "swapped") == value(scores, "accuracy", "original")
    assert value(scores, "lost_accuracy", "swapped") == 0
    assert value(scores, "lost_accuracy", "tuned") != 0


def test_lost_accuracy_is_the_difference_to_the_original(cache: Path) -> None:
    _, scores = fitted(Weighted(), cache)
    for stage in ("swapped", "tuned"):
        lost = value(scores, "accuracy", "original") - value(scores, "accuracy", stage)
        assert value(scores, "lost_accuracy", stage) == pytest.approx(lost)


def test_the_original_has_learned_and_is_the_same_for_everyone(cache: Path) -> None:
    (problem, mine), (_, other) = fitted(Exact(), cache), fitted(Weighted(), cache)
    assert value(mine, "accuracy", "original") == value(other, "accuracy", "original")
    assert value(mine, "accuracy", "original") > problem.chance["accuracy"] + 0.05
    assert len(list(cache.glob("*.npz"))) == 1


def test_training_starts_from_the_original_and_leaves_it_as_it_was(cache: Path) -> None:
    entrant = Weighted()
    problem, _ = fitted(entrant, cache, tuned=0)
    shared = entrant.model.shared_weights()
    assert shared.keys() == problem.train.weights.keys()
    assert all(np.array_equal(shared[name], weight) for name, weight in problem.train.weights.items())
    before = {name: weight.copy() for name, weight in problem.train.weights.items()}
    entrant.fit(problem.train, a_run(cache))
    assert not np.array_equal(entrant.model.shared_weights()["read.weight"], before["read.weight"])
    assert all(np.array_equal(problem.train.weights[name], weight) for name, weight in before.items())


def test_swapped_answers_are_those_before_training(cache: Path) -> None:
    untrained, trained = Weighted(), Weighted()
    problem, _ = fitted(untrained, cache, tuned=0)
    fitted(trained, cache)
    asked = problem.test.sequences.tokens.astype(np.int64), problem.test.sequences.keep
    assert np.array_equal(trained.swapped_logits(*asked), untrained.logits(*asked))
    assert not np.array_equal(trained.swapped_logits(*asked), trained.logits(*asked))


def test_weights_are_those_of_one_model(cache: Path) -> None:
    entrant = Weighted()
    fitted(entrant, cache)
    assert entrant.weights() == sum(weight.numel() for weight in entrant.model.parameters())


def test_other_weights_make_another_problem(cache: Path) -> None:
    first, again, other = (TASK.problem("swap_recall", a_run(cache, seed)) for seed in (0, 0, 1))
    assert first.produced == again.produced != other.produced
    longer = a_run(cache)
    longer.settings = {**longer.settings, "original_examples": 320}  # type: ignore[assignment]
    assert TASK.problem("swap_recall", longer).produced != first.produced


def test_the_curve_shows_the_attention_that_is_trained(cache: Path) -> None:
    run = a_run(cache)
    valid = TASK.problem("swap_recall", run).valid
    assert isinstance(valid, Sequences)


def test_weights_of_another_size_are_refused(cache: Path) -> None:
    entrant = Weighted()
    problem, _ = fitted(entrant, cache)
    with pytest.raises(ValueError, match=r"another classifier's weights: \['read.bias'\]"):
        entrant.model.start_from({name: w for name, w in problem.train.weights.items() if name != "read.bias"})


def test_a_whole_system_cannot_be_swapped_into() -> None:
    class Whole(SequenceClassifier):
        name = "whole"

        def fit(self, sequences: Sequences, run: Run, /) -> None: ...

        def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
            return np.zeros((len(tokens), 2), dtype=np.float32)

    needed = {case.needs for case in CARD.cases if case.id.startswith("swap")}
    assert needed == {"swapped_logits"}
    assert needed & Whole.capabilities() == set()
    assert needed <= Exact.capabilities()
