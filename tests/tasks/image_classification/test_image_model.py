"""The component: everything but the model is the same for everyone; and the protocol around it."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.core.card import read_card
from harness.core.errors import BadOutput
from harness.core.seeds import Streams
from harness.core.spec import Budget, TierName
from harness.run import Run
from harness.tasks.image_classification import ImageClassifier, ImageModel, Images, Shape, data
from harness.tasks.image_classification.task import ImageClassification

CARD = read_card(Path(data.__file__).with_name("task.toml"))
TASK = ImageClassification(CARD)


class _Seen(nn.Module):
    """A linear model that remembers what it was given."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.read = nn.LazyLinear(classes)
        self.read(torch.zeros(1, math.prod(shape)))
        self.given: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.given.append(images.detach().clone())
        logits: Tensor = self.read(images.flatten(1))
        return logits


class Linear(ImageModel):
    """Every pixel has a weight for each class."""

    name = "linear"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return _Seen(shape, classes)

    def resized(self, module: nn.Module, shape: Shape) -> nn.Module:
        return _Seen(shape, 10)


class Thirsty(Linear):
    """Draws random numbers."""

    name = "thirsty"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        torch.rand(17)
        return super().build(shape, classes)


def a_run(
    case: str = "n100", seed: int = 0, tier: TierName = "smoke", total: int | None = None, **settings: Any
) -> Run:
    resolved = CARD.resolve(tier, case)
    return Run(
        settings={**resolved.settings, **settings},
        budget=resolved.budget if total is None else Budget("examples", total),
        streams=Streams("image_classification", seed),
    )


def fitted(entrant: ImageModel, **settings: Any) -> tuple[ImageModel, Run]:
    run = a_run(**settings)
    entrant.fit(TASK.problem(settings.get("case", "n100"), run).train, run)
    return entrant, run


def test_every_model_is_given_the_same_images_in_the_same_order() -> None:
    first, second = (fitted(entrant)[0].classifier.network.given for entrant in (Linear(), Thirsty()))
    assert len(first) == 10
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_pixels_reach_the_model_between_minus_one_and_one() -> None:
    given = torch.stack(fitted(Linear())[0].classifier.network.given)
    assert (given.min().item(), given.max().item()) == (-1, 1)


def test_equal_steps_whatever_the_number_of_images() -> None:
    for case in ("n1000", "n48000"):
        resolved = CARD.resolve("small", case)
        assert (resolved.budget.total, resolved.settings["batch"]) == (25600, 32)


def test_budget_is_spent_to_the_last_batch() -> None:
    _, run = fitted(Linear())
    assert run.spent == run.budget.total


def test_global_random_state_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    fitted(Thirsty())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_learning_rate_is_the_task_s_unless_the_entrant_has_its_own() -> None:
    def weight(lr: float | None) -> Tensor:
        return fitted(Linear(lr=lr))[0].classifier.network.read.weight

    assert torch.equal(weight(None), weight(CARD.settings["lr"]))
    assert not torch.equal(weight(None), weight(1e-4))


def test_images_are_learned_from() -> None:
    entrant, run = fitted(Linear(), total=6400, crop=0, flip=False, valid_items=200, test_items=397)
    scores = {score.metric: score.value for score in TASK.measure(entrant, TASK.problem("n100", run).test, run)}
    assert scores["accuracy"] > 0.7
    assert scores["nll"] < 1


def test_a_resized_model_is_fine_tuned_on_a_share_of_the_budget() -> None:
    entrant, run = fitted(Linear(), case="resolution_digits")
    assert run.spent == run.budget.total == 320
    assert [tuple(part.shape) for part in entrant.classifier.network.given] == [(16, 1, 16, 16)] * 4


def test_stages_are_the_model_before_between_and_after() -> None:
    entrant, run = fitted(Linear(), case="resolution_digits")
    test = TASK.problem("resolution_digits", run).test
    asked = {
        "low": entrant.low_logits(test.low.pixels),
        "resized": entrant.resized_logits(test.high.pixels),
        "tuned": entrant.logits(test.high.pixels),
    }
    scores = {(s.metric, s.at.get("stage")): s.value for s in TASK.measure(entrant, test, run)}
    for stage, logits in asked.items():
        assert scores["accuracy", stage] == (logits.argmax(1) == test.low.labels).mean()
    for stage in ("resized", "tuned"):
        gained = scores["accuracy", stage] - scores["accuracy", "low"]
        assert scores["gained_accuracy", stage] == pytest.approx(gained)
    assert not np.array_equal(asked["resized"], asked["tuned"])


def test_weights_are_counted_once_though_earlier_stages_are_kept() -> None:
    assert fitted(Linear(), case="resolution_digits")[0].weights() == 16 * 16 * 10 + 10


class Oracle(ImageClassifier):
    """Knows the answers, and is so sure of them."""

    name = "oracle"
    sure: float = 50.0

    def fit(self, images: Images, run: Run, /) -> None:
        self.known = {image.tobytes(): label for image, label in zip(images.pixels, images.labels, strict=True)}

    def logits(self, images: np.ndarray) -> np.ndarray:
        answers = [self.known[image.tobytes()] for image in images]
        return self.sure * np.eye(10, dtype=np.float32)[answers]


def scores_of(sure: float) -> dict[str, float]:
    run = a_run()
    test = TASK.problem("n100", run).test
    oracle = Oracle(sure=sure)
    oracle.fit(test, run)
    return {score.metric: score.value for score in TASK.measure(oracle, test, run)}


def test_a_perfect_system_scores_the_ceiling() -> None:
    scores = scores_of(50.0)
    assert scores["accuracy"] == 1
    assert scores["nll"] == pytest.approx(0, abs=1e-9)
    assert scores["calibration_error"] == pytest.approx(0, abs=1e-6)


def test_doubt_of_right_answers_costs_likelihood_and_calibration() -> None:
    share = math.e / (math.e + 9)
    scores = scores_of(1.0)
    assert scores["nll"] == pytest.approx(-math.log(share))
    assert scores["calibration_error"] == pytest.approx(1 - share, abs=1e-6)


def test_guessing_has_the_likelihood_that_the_card_says() -> None:
    assert CARD.metrics["nll"].chance == pytest.approx(math.log(10))
    assert scores_of(0.0)["nll"] == pytest.approx(math.log(10))


def test_a_whole_system_has_no_model_of_its_own() -> None:
    assert Oracle.capabilities() == frozenset()
    assert Linear.capabilities() == {"low_logits", "resized_logits", "model"}
    assert set(scores_of(1.0)) == {"accuracy", "nll", "calibration_error"}


def test_wrong_shape_is_refused() -> None:
    class Wrong(Oracle):
        name = "wrong"

        def logits(self, images: np.ndarray) -> np.ndarray:
            return super().logits(images)[:, :3]

    run = a_run()
    test = TASK.problem("n100", run).test
    wrong = Wrong()
    wrong.fit(test, run)
    with pytest.raises(BadOutput, match="logits returned shape"):
        list(TASK.measure(wrong, test, run))


def test_operations_are_counted_for_one_image() -> None:
    run = a_run()
    counted = {
        score.metric: score.value for score in TASK.measure(fitted(Linear())[0], TASK.problem("n100", run).test, run)
    }
    assert counted["flops"] == 2 * 64 * 10


def test_costs_are_measured_without_training() -> None:
    run = a_run("cost")
    scores = {score.metric: score.value for score in TASK.measure(Linear(), TASK.problem("cost", run).test, run)}
    assert set(scores) == {"flops", "train_images_per_s", "test_images_per_s"}
    assert min(scores.values()) > 0
    assert scores["flops"] == 2 * 64 * 10


def test_half_precision_is_of_the_model_and_not_of_its_weights() -> None:
    entrant, _ = fitted(Linear(), precision="bfloat16")
    assert entrant.classifier.network.read.weight.dtype == torch.float32
    assert entrant.logits(np.zeros((2, 8, 8, 1), np.uint8)).dtype == np.float32
    exact, _ = fitted(Linear())
    assert not torch.equal(exact.classifier.network.read.weight, entrant.classifier.network.read.weight)
