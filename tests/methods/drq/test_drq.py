"""DrQ: numbers of versions, what they are made of, and when it is soft actor-critic."""

import tomllib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from baselines.control.dqn import EfficientDqn
from baselines.control.sac import SacPixels
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.control import AugmentedAgent, Minibatch, Views
from harness.tasks.control.task import Control
from harness.tasks.control.training.replay import Replay
from methods.drq.ablations import DrqSingle, DrqSingleWide
from methods.drq.dqn import DrqDqn, random_intensity
from methods.drq.drq import Drq

TASK = Control(read_card(HARNESS / "tasks" / "control" / "task.toml"))


def a_run(case: str) -> Run:
    resolved = TASK.card.resolve("smoke", case)
    return Run(settings=resolved.settings, budget=resolved.budget, streams=Streams("control", 0))


def fitted(entrant: AugmentedAgent, case: str = "reach") -> Any:
    run = a_run(case)
    entrant.fit(TASK.problem(case, run).train, run)
    return entrant


@pytest.fixture
def batch() -> Minibatch:
    rng = np.random.default_rng(0)
    frames = rng.integers(1, 256, size=(20, 3, 12, 12), dtype=np.uint8)
    replay = Replay(frames[0], np.zeros(2, np.float32), capacity=20, pad=2)
    replay.begin(frames[0])
    for frame in frames[1:]:
        replay.add(np.zeros(2, np.float32), 0.0, frame, terminated=False)
    return replay.sample(16, rng, discount=0.9)


@pytest.mark.parametrize("case", ["reach", "replay_500"])
def test_one_view_without_shifts_is_soft_actor_critic_bit_for_bit(case: str) -> None:
    ours, theirs = fitted(Drq(k=1, m=1, pad=0), case), fitted(SacPixels(), case)
    for mine, other in zip(ours.networks.parameters(), theirs.networks.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_one_view_without_shifts_and_intensities_is_efficient_dqn_bit_for_bit() -> None:
    ours, theirs = fitted(DrqDqn(pad=0, intensity=0.0), "dreach"), fitted(EfficientDqn(), "dreach")
    for mine, other in zip(ours.network.parameters(), theirs.network.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_shifts_change_what_is_learned() -> None:
    ours, theirs = fitted(DrqSingle()), fitted(SacPixels())
    assert not torch.equal(ours.networks.trunk.layers[0].weight, theirs.networks.trunk.layers[0].weight)


def test_there_are_m_versions_now_and_k_versions_later_all_different(batch: Minibatch) -> None:
    views = Drq(k=3, m=2).views(batch, np.random.default_rng(0))
    assert (len(views.now), len(views.later)) == (2, 3)
    versions = [*views.now, *views.later]
    assert all(version.shape == (16, 3, 12, 12) and version.dtype == torch.uint8 for version in versions)
    assert not torch.equal(views.now[0], views.now[1])
    assert not torch.equal(views.later[0], views.later[1])


def test_no_version_is_the_plain_observation_by_rule(batch: Minibatch) -> None:
    """Each of them is a random shift: over many draws, offsets of all versions are uniform."""
    rng, plain = np.random.default_rng(0), batch.now.centre()
    same = torch.stack([torch.stack(list(Drq().views(batch, rng).now)) == plain for _ in range(60)])
    shares = same.flatten(3).all(dim=3).float().mean(dim=(0, 2))
    assert shares.tolist() == pytest.approx([1 / 25, 1 / 25], abs=0.025)


def test_the_released_loss_is_the_sum_over_versions(batch: Minibatch) -> None:
    paper, released = (Drq(m=2, loss=loss).views(batch, np.random.default_rng(0)) for loss in ("paper", "released"))
    assert (paper.scale, released.scale) == (1, 2)


def test_the_border_is_the_task_s_unless_the_entrant_has_its_own() -> None:
    assert Drq().padding(4) == 4
    assert Drq(pad=0).padding(4) == 0
    assert SacPixels().padding(4) == 0


def test_ablations_are_drq_with_one_choice_undone() -> None:
    assert (DrqSingle().k, DrqSingle().m, DrqSingle().batches) == (1, 1, 1)
    assert (DrqSingleWide().k, DrqSingleWide().m, DrqSingleWide().batches) == (1, 1, 2)


def test_what_is_acted_on_is_never_augmented() -> None:
    """The same observation always gives the same action, whatever shifts were drawn in between."""
    run = a_run("reach")
    problem = TASK.problem("reach", run)
    entrant = Drq()
    entrant.fit(problem.train, run)
    shown = problem.test.starts()
    first = entrant.steer(shown)
    run.rng("crops").integers(9, size=100)
    assert np.array_equal(first, entrant.steer(shown))


def test_an_intensity_is_one_number_an_observation_cut_off_at_two_deviations() -> None:
    images = torch.full((5000, 3, 2, 2), 100, dtype=torch.uint8)
    factors = random_intensity(images, np.random.default_rng(0), 0.05) / 100
    assert (factors == factors[:, :1, :1, :1]).all()
    assert factors.min().item() == pytest.approx(0.9)
    assert factors.max().item() == pytest.approx(1.1)
    assert factors[:, 0, 0, 0].mean().item() == pytest.approx(1.0, abs=0.003)
    assert factors[:, 0, 0, 0].std().item() == pytest.approx(0.05 * 0.959, abs=0.001)


def test_intensities_of_zero_leave_shifts_alone(batch: Minibatch) -> None:
    views: Callable[[DrqDqn], Views] = lambda entrant: entrant.views(batch, np.random.default_rng(0))  # noqa: E731
    plain = views(DrqDqn(intensity=0.0))
    assert plain.now[0].dtype == torch.uint8
    assert not torch.equal(plain.now[0].float(), views(DrqDqn(intensity=0.05)).now[0])


def test_published_numbers_and_claims_can_be_read() -> None:
    paper = tomllib.loads((HARNESS.parent / "methods" / "drq" / "paper.toml").read_text())
    assert {claim["task"] for claim in paper["claim"]} == {"control"}
    assert {row["metric"] for row in paper["published"]} <= TASK.card.metrics.keys()
