"""The baselines of control: what each of them sees, CURL's loss, and the anchors."""

import numpy as np
import pytest
import torch
from torch import nn

from baselines.control.curl import Contrast, Curl
from baselines.control.dqn import EfficientDqn, OvertrainedDqn
from baselines.control.references import ConstantAction, Oracle, RandomActions
from baselines.control.sac import SacPixels, SacState
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.control import Views
from harness.tasks.control.task import Control

TASK = Control(read_card(HARNESS / "tasks" / "control" / "task.toml"))


def a_run(case: str) -> Run:
    resolved = TASK.card.resolve("smoke", case)
    return Run(settings=resolved.settings, budget=resolved.budget, streams=Streams("control", 0))


def test_an_agent_sees_pixels_or_the_state_and_nothing_else() -> None:
    """Its actions do not change with what it does not see."""
    for entrant, hidden in ((SacPixels(), "state"), (SacState(), "pixels")):
        run = a_run("reach")
        problem = TASK.problem("reach", run)
        entrant.fit(problem.train, run)
        shown = problem.test.starts()
        blind = shown._replace(**{hidden: np.zeros_like(getattr(shown, hidden))})
        assert np.array_equal(entrant.steer(shown), entrant.steer(blind))
        assert np.ptp(entrant.steer(shown)) > 0


class Lookup(nn.Module):
    """An encoder that looks rows up, as trunk and as head."""

    def __init__(self, rows: torch.Tensor) -> None:
        super().__init__()
        self.rows, self.head = rows, nn.Identity()

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.rows[pictures.flatten().long()]


def test_the_contrastive_loss_by_hand() -> None:
    """Two observations with encodings (1, 0) and (0, 2), targets (3, 0) and (0, 1), identity as similarity."""
    contrast = Contrast(2)
    with torch.no_grad():
        contrast.similarity.copy_(torch.eye(2))
    online, target = Lookup(torch.tensor([[1.0, 0.0], [0.0, 2.0]])), Lookup(torch.tensor([[3.0, 0.0], [0.0, 1.0]]))

    class Learner:
        class networks:  # noqa: N801
            trunk, critic = online, online

        target_trunk = target
        target_critic = target

    pictures = torch.tensor([0, 1]).view(2, 1, 1, 1)
    loss = contrast(Learner, Views([pictures], [pictures], extra=[pictures]))
    expected = (np.log(1 + np.exp(-3)) + np.log(1 + np.exp(-2))) / 2
    assert loss.item() == pytest.approx(expected)


def test_the_contrastive_loss_teaches_the_encoder_and_not_the_actor() -> None:
    run = a_run("reach")
    entrant, plain = Curl(), SacPixels()
    entrant.fit(TASK.problem("reach", run).train, run)
    assert entrant.padding(4) == 4
    contrast = Contrast(8)
    sac = entrant._sac
    pictures = torch.randint(256, (4, 3, 12, 12), dtype=torch.uint8)
    contrast(sac, Views([pictures], [pictures], extra=[pictures])).backward()
    assert contrast.similarity.grad is not None
    taught = {name.partition(".")[0] for name, weight in sac.networks.named_parameters() if weight.grad is not None}
    assert {"trunk", "critic"} <= taught
    assert all(weight.grad is None for weight in sac.target_trunk.parameters())
    assert plain.auxiliary(8) is None


def test_rainbow_s_schedule_updates_eight_times_a_step() -> None:
    logs = []
    for entrant in (EfficientDqn(), OvertrainedDqn()):
        run = a_run("dreach")
        entrant.fit(TASK.problem("dreach", run).train, run)
        logs.append(entrant.log().updates)
    assert logs[1] == 8 * logs[0] > 0


def test_rainbow_s_values_and_priorities_are_options() -> None:
    run = a_run("dreach")
    entrant = OvertrainedDqn(atoms=51, prioritised=True)
    problem = TASK.problem("dreach", run)
    entrant.fit(problem.train, run)
    assert entrant.network.advantage[-1].out_features == 51 * problem.train.spaces.actions
    scores = {score.metric: score.value for score in TASK.measure(entrant, problem.test, run.for_measuring())}
    assert np.isfinite(scores["normalised_return"])


@pytest.mark.parametrize("case", ["reach", "dreach"])
def test_anchors_are_where_they_should_be(case: str) -> None:
    found = {}
    for entrant in (RandomActions(), ConstantAction(), Oracle()):
        run = a_run(case)
        problem = TASK.problem(case, run)
        entrant.fit(problem.train, run)
        assert run.spent <= run.budget.total
        scores = {score.metric: score.value for score in TASK.measure(entrant, problem.test, run.for_measuring())}
        found[entrant.name] = scores["normalised_return"]
    assert found["oracle"] == pytest.approx(1.0)
    assert abs(found["random_actions"]) < 0.35
    assert found["constant_action"] < 0.5


def test_random_actions_do_not_depend_on_what_is_asked_beside() -> None:
    run = a_run("reach")
    problem = TASK.problem("reach", run)
    entrant = RandomActions()
    entrant.fit(problem.train, run)
    picks = np.arange(12)
    together = TASK.answers(entrant, problem.test, picks)
    assert np.array_equal(together[::-1], TASK.answers(entrant, problem.test, picks[::-1]))
    assert len(np.unique(together)) > 12
