"""The component: everything but the attention is the same for everyone; and the protocol around it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.core.artefacts import Cache
from harness.core.card import Card, read_card
from harness.core.errors import BadOutput
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.nn.training import TrainingOptions
from harness.run import Run
from harness.tasks.long_range import Attention, SequenceClassifier, Sequences, data
from harness.tasks.long_range.task import LongRange

CARD = read_card(Path(data.__file__).with_name("task.toml"))
TASK = LongRange(CARD)


class _Mean(nn.Module):
    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        kept = keep[:, None, :, None]
        return ((v * kept).sum(2, keepdim=True) / kept.sum(2, keepdim=True)).expand_as(v)


class Mean(Attention):
    """Every value weighs the same."""

    name = "mean"

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        return _Mean()


class Thirsty(Mean):
    """Draws random numbers and has weights of its own."""

    name = "thirsty"

    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        module = _Mean()
        module.extra = nn.Linear(width, 7)
        return module


def a_run(card: Card = CARD, case: str = "recall", seed: int = 0, cache: Path | None = None, **settings: Any) -> Run:
    resolved = card.resolve("smoke" if case in card.tiers["smoke"].cases else "small", case)
    return Run(
        settings={**resolved.settings, **settings},
        budget=resolved.budget,
        streams=Streams("long_range", seed),
        cache=Cache(cache),
    )


def weights_before_training(entrant: Attention) -> dict[str, Tensor]:
    run = a_run()
    run.budget = Budget("examples", 0)
    entrant.fit(TASK.problem("recall", run).train, run)
    return dict(entrant.model.named_parameters())


def test_shared_weights_start_from_the_same_numbers() -> None:
    plain, thirsty = weights_before_training(Mean()), weights_before_training(Thirsty())
    assert set(thirsty) - set(plain) == {
        f"encoder.layers.{layer}.attention.extra.{part}" for layer in (0, 1) for part in ("weight", "bias")
    }
    assert all(torch.equal(plain[name], thirsty[name]) for name in plain)


def test_budget_is_spent_to_the_last_batch() -> None:
    run = a_run()
    Mean().fit(TASK.problem("recall", run).train, run)
    assert run.spent == run.budget.total


def test_global_random_state_is_left_alone() -> None:
    run = a_run()
    train = TASK.problem("recall", run).train
    before = torch.random.get_rng_state()
    Thirsty().fit(train, run)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_same_seed_same_logits() -> None:
    logits = []
    for _ in range(2):
        run = a_run()
        made = TASK.problem("recall", run)
        entrant = Mean()
        entrant.fit(made.train, run)
        logits.append(TASK.answers(entrant, made.test, np.arange(20)))
    assert np.array_equal(*logits)


def test_padding_does_not_change_the_logits() -> None:
    run = a_run()
    made = TASK.problem("recall", run)
    entrant = Mean()
    entrant.fit(made.train, run)
    tokens, keep = made.test.tokens[:8].astype(np.int64), made.test.keep[:8]
    noisy = np.where(keep, tokens, 3)
    np.testing.assert_allclose(entrant.logits(noisy, keep), entrant.logits(tokens, keep), atol=1e-5)


@pytest.mark.parametrize("case", ["recall", "listops", "digits"])
def test_chance_is_the_majority_of_the_drawn_test_split(case: str, tmp_path: Path) -> None:
    sizes = {"train_items": 200, "valid_items": 50, "test_items": 100, "length": 64, "shortest": 16}
    made = TASK.problem(case, a_run(case=case, cache=tmp_path, **sizes))
    assert made.chance["accuracy"] == np.bincount(made.test.labels).max() / 100
    assert [len(split.labels) for split in (made.train, made.valid, made.test)] == [200, 50, 100]


@pytest.mark.parametrize("case", ["recall", "listops", "pathfinder", "scaling", "approximation"])
def test_seed_draws_the_problem(case: str, tmp_path: Path) -> None:
    sizes = {"train_items": 50, "valid_items": 10, "test_items": 10}
    first, again, other = (TASK.problem(case, a_run(case=case, seed=s, cache=tmp_path, **sizes)) for s in (0, 0, 1))
    assert first.produced == again.produced != other.produced


@pytest.mark.parametrize(("case", "weights"), [("listops", 9_450_506), ("text", 4_250_370)])
def test_the_paper_s_model_takes_a_step(case: str, weights: int) -> None:
    settings = {**CARD.resolve("paper", case).settings, "batch": 1}
    run = Run(settings=settings, budget=Budget("examples", 1), streams=Streams("long_range", 0))
    tokens = np.ones((1, settings["length"] + 1), dtype=np.int16)
    entrant = Mean()
    vocabulary, classes = (17, 10) if case == "listops" else (258, 2)
    entrant.fit(Sequences(tokens, tokens > 0, np.zeros(1, dtype=np.int64), vocabulary, classes), run)
    assert run.spent == 1
    assert entrant.weights() == weights


def test_learning_rate_is_the_task_s_unless_the_entrant_has_its_own() -> None:
    def trained(entrant: Attention) -> Tensor:
        run = a_run()
        entrant.fit(TASK.problem("recall", run).train, run)
        return entrant.model.read.weight

    task_s = a_run().settings["lr"]
    assert torch.equal(trained(Mean()), trained(Mean(lr=task_s)))
    assert not torch.equal(trained(Mean()), trained(Mean(lr=2 * task_s)))


def test_the_paper_s_rate_falls_with_the_root_of_the_steps() -> None:
    settings = CARD.resolve("paper", "listops").settings
    options = TrainingOptions(warmup=settings["warmup"], decay=settings["decay"])
    assert [options.rate(step - 1, 5000) for step in (500, 1000, 4000)] == [0.5, 1.0, 0.5]


class Oracle(SequenceClassifier):
    """Knows the answers."""

    name = "oracle"

    def fit(self, sequences: Sequences, run: Run, /) -> None:
        pass

    def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        keys, values = 4, 4
        pairs = np.where(keep, tokens, 0)[:, 1:] - 1 - keys
        asked = tokens[:, :1] - 1
        place = (pairs // values == asked).argmax(axis=1)
        return np.eye(values, dtype=np.float32)[pairs[np.arange(len(pairs)), place] % values]


def test_a_perfect_system_scores_the_ceiling() -> None:
    made = TASK.problem("recall", a_run())
    (score,) = TASK.measure(Oracle(), made.test, a_run())
    assert (score.metric, score.value, score.n_used) == ("accuracy", 1.0, 64)


def test_wrong_shape_is_refused() -> None:
    class Wrong(Oracle):
        name = "wrong"

        def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
            return super().logits(tokens, keep)[:, :3]

    made = TASK.problem("recall", a_run())
    with pytest.raises(BadOutput, match="logits returned shape"):
        list(TASK.measure(Wrong(), made.test, a_run()))


def test_a_whole_system_has_no_attention_of_its_own() -> None:
    assert Oracle.capabilities() == frozenset()
    assert Mean.capabilities() == {"attention", "swapped_logits"}
