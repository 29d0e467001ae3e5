"""On an accelerator: agents of every kind learn and act."""

from collections.abc import Callable

import pytest
import torch

from baselines.control.curl import Curl
from baselines.control.sac import SacState
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.control import AugmentedAgent
from harness.tasks.control.task import Control
from methods.drq.dqn import DrqDqn
from methods.drq.drq import Drq

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
TASK = Control(read_card(HARNESS / "tasks" / "control" / "task.toml"))


@pytest.mark.parametrize(
    ("case", "make"),
    [("reach", Drq), ("reach", Curl), ("reach", SacState), ("replay_500", Drq), ("dreach", DrqDqn)],
)
def test_agents_learn_and_act_on_the_device(case: str, make: Callable[[], AugmentedAgent]) -> None:
    resolved = TASK.card.resolve("smoke", case)
    run = Run(settings=resolved.settings, budget=resolved.budget, streams=Streams("control", 0), device="cuda")
    problem = TASK.problem(case, run)
    entrant = make()
    entrant.fit(problem.train, run)
    module = vars(entrant)["network" if case == "dreach" else "networks"]
    assert all(weight.is_cuda for weight in module.parameters())
    scores = list(TASK.measure(entrant, problem.test, run.for_measuring()))
    assert len(scores) > 2
