"""The protocol: budgets in frames, metrics of agents and of critics, kept films, and answers that are refused."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from harness.core.card import read_card
from harness.core.errors import BadOutput, Diverged
from harness.core.seeds import Streams
from harness.nn.training import seeded
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.control import Agent, AugmentedSac, FixedReplay, Minibatch, Observation, Views, World
from harness.tasks.control.models.actor_critic import ActorCritic, NetworkSizes
from harness.tasks.control.models.dueling import QNetwork
from harness.tasks.control.models.trunk import trunk
from harness.tasks.control.problems.environment import Spaces, random_actions
from harness.tasks.control.problems.sight import Sight
from harness.tasks.control.task import Control
from harness.tasks.control.training.dqn import Dqn
from harness.tasks.control.training.replay import Replay
from harness.tasks.control.training.sac import Sac

CARD = read_card(HARNESS / "tasks" / "control" / "task.toml")
TASK = Control(CARD)
Smoke = Callable[..., Run]


class Plain(AugmentedSac):
    """Sees what is shown."""

    name = "plain"

    def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        return Views([batch.now.centre()], [batch.later.centre()])


class Fixed(Agent):
    """Answers with what it is given."""

    name = "fixed"

    def __init__(self, answer: np.ndarray) -> None:
        self.answer = answer

    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        raise AssertionError("nothing is to be learned")

    def steer(self, observation: Observation) -> np.ndarray:
        return self.answer

    def choose(self, observation: Observation) -> np.ndarray:
        return self.answer

    def values(self, observation: Observation, actions: np.ndarray) -> np.ndarray:
        return self.answer


def scores_of(system: Agent, split: object, run: Run) -> dict[str, float]:
    return {score.metric: score.value for score in TASK.measure(system, split, run.for_measuring())}


def test_every_metric_of_the_card_is_measured_somewhere_and_no_other(smoke: Smoke) -> None:
    seen = set()
    for case in ("reach", "replay_500"):
        run = smoke(case)
        problem = TASK.problem(case, run)
        entrant = Plain()
        entrant.fit(problem.train, run)
        assert run.spent == run.budget.total
        seen |= scores_of(entrant, problem.test, run).keys()
    assert seen == set(CARD.metrics)


def test_random_actions_score_about_chance_and_the_oracle_scores_one(smoke: Smoke) -> None:
    run = smoke("reach", test_episodes=400)
    problem = TASK.problem("reach", run)
    world, rng = problem.train.make(), np.random.default_rng(0)

    class Follows(Fixed):
        name = "follows"

        def steer(self, observation: Observation) -> np.ndarray:
            return world.oracle(observation.state)

    class Wanders(Fixed):
        name = "wanders"

        def steer(self, observation: Observation) -> np.ndarray:
            return random_actions(world.spaces, len(observation.state), rng)

    best, random = (scores_of(system(), problem.test, run) for system in (Follows, Wanders))
    assert best["normalised_return"] == pytest.approx(1.0)
    assert random["normalised_return"] == pytest.approx(0.0, abs=0.08)
    assert random["return"] == pytest.approx(problem.chance["return"], rel=0.15)
    assert problem.chance["normalised_return"] == 0.0


def test_a_step_costs_as_many_frames_as_its_action_is_repeated(smoke: Smoke) -> None:
    run = smoke("reach", frames=83, random_steps=5)
    problem = TASK.problem("reach", run)
    environment = problem.train.make()
    environment.repeat = 4
    entrant = Plain()
    entrant.fit(World(lambda: environment, problem.train.spaces, 1), run)
    assert run.spent == 80
    assert entrant.log().updates == 20 - 4
    assert len(entrant.log().returns) == 20 // environment.limit


def test_updates_begin_after_the_random_steps(smoke: Smoke) -> None:
    run = smoke("reach", frames=29)
    problem = TASK.problem("reach", run)
    entrant = Plain()
    entrant.fit(problem.train, run)
    assert entrant.log().updates == 0


def test_validating_more_often_changes_no_score() -> None:
    found = []
    for ticks in (0, 5):
        resolved = CARD.resolve("smoke", "reach")
        run = Run(settings=resolved.settings, budget=resolved.budget, streams=Streams("control", 0), ticks=ticks)
        problem = TASK.problem("reach", run)
        entrant = Plain()
        run.measure_validation = lambda e=entrant, p=problem, r=run: {
            f"valid_{score.metric}": score.value for score in TASK.measure(e, p.valid, r.for_measuring())
        }
        entrant.fit(problem.train, run)
        found.append(scores_of(entrant, problem.test, run)["normalised_return"])
        assert sum("valid_normalised_return" in point for point in run.curve) == ticks
    assert found[0] == found[1]


def test_items_are_episodes_and_their_mean_is_the_score(smoke: Smoke) -> None:
    run = smoke("reach")
    problem = TASK.problem("reach", run)
    for score in TASK.measure(Fixed(np.zeros((16, 2), np.float32)), problem.test, run.for_measuring()):
        assert score.items is not None
        assert len(score.items) == score.n_used == 16
        assert score.items.mean() == pytest.approx(score.value)


def test_the_first_episodes_are_kept_as_films(smoke: Smoke) -> None:
    run = smoke("reach")
    problem = TASK.problem("reach", run)
    scores_of(Fixed(np.zeros((16, 2), np.float32)), problem.test, run)
    films = np.load(io.BytesIO(run.kept["episodes.npz"]), allow_pickle=False)
    assert films.files == ["episode 1", "episode 2", "episode 3"]
    assert films["episode 1"].shape == (1, 16, 12, 12, 3)
    first = problem.test.starts().pixels[0].transpose(1, 2, 0)
    assert np.array_equal(films["episode 1"][0, 0], first)


def test_a_critic_that_knows_the_values_has_correlation_one(smoke: Smoke) -> None:
    run = smoke("replay_500")
    problem = TASK.problem("replay_500", run)
    true = problem.test.held_out.values

    class Knows(Fixed):
        name = "knows"

        def values(self, observation: Observation, actions: np.ndarray) -> np.ndarray:
            return true if len(actions) == len(true) else np.zeros(len(actions))

    assert scores_of(Knows(), problem.test, run)["q_correlation"] == pytest.approx(1.0)
    constant = Plain()
    constant.fit(problem.train, run)
    for weight in constant.networks.critic.parameters():
        torch.nn.init.zeros_(weight)
    assert scores_of(constant, problem.test, run)["q_correlation"] == 0.0


def test_larger_replays_begin_with_smaller_ones(smoke: Smoke) -> None:
    small, large = (TASK.problem(f"replay_{n}", smoke("replay_500")) for n in (500, 1000))
    assert len(small.train.transitions) == 500
    assert len(large.train.transitions) == 1000
    assert np.array_equal(small.test.held_out.values, large.test.held_out.values)


@pytest.mark.parametrize(
    ("case", "answer"),
    [
        ("reach", np.zeros((16, 3))),
        ("reach", np.full((16, 2), np.nan)),
        ("reach", np.zeros((16, 2), int)),
        ("dreach", np.zeros((16, 1), int)),
        ("dreach", np.full(16, 5)),
        ("dreach", np.zeros(16)),
        ("replay_500", np.zeros((100, 1))),
        ("replay_500", np.full(100, np.inf)),
    ],
)
def test_answers_that_cannot_be_scored_are_refused(smoke: Smoke, case: str, answer: np.ndarray) -> None:
    run = smoke(case)
    problem = TASK.problem(case, run)
    with pytest.raises(BadOutput, match=r"steer|choose|values"):
        scores_of(Fixed(answer), problem.test, run)


def test_weights_that_are_not_finite_end_the_run_as_diverged(smoke: Smoke) -> None:
    class Broken(Plain):
        name = "broken"

        def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
            return Views([batch.now.centre() * torch.nan], [batch.later.centre()])

    run = smoke("reach")
    with pytest.raises(Diverged):
        Broken().fit(TASK.problem("reach", run).train, run)


def test_global_random_state_is_left_alone(smoke: Smoke) -> None:
    run = smoke("reach")
    train = TASK.problem("reach", run).train
    before = torch.random.get_rng_state()
    Plain().fit(train, run)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_seed_draws_the_problem(smoke: Smoke) -> None:
    for case in ("reach", "replay_500"):
        first, again, other = (TASK.problem(case, smoke(case, seed)) for seed in (0, 0, 1))
        assert first.produced == again.produced != other.produced


@pytest.mark.parametrize("tier", ["quick", "small", "large", "paper"])
def test_networks_of_every_tier_can_be_built_and_updated(tier: str) -> None:
    """On made-up observations of the tier's shapes: its settings fit each other."""
    seen = set()
    for resolved in CARD.at_tier(tier):  # type: ignore[arg-type]
        settings, discrete = resolved.settings, resolved.case.needs == "choose"
        shape = (str(settings["filters"]), settings["side"], settings["stack"], settings["hidden"], discrete)
        if shape in seen:
            continue
        seen.add(shape)
        channels = 1 if resolved.case.generated == "ale-py" else 3
        spaces = Spaces((channels, settings["side"], settings["side"]), 6, 4, discrete)
        sight = Sight("pixels", settings["stack"], settings["pad"])
        run = Run(settings=settings, budget=resolved.budget, streams=Streams("control", 0))
        with seeded(run):
            body = trunk(sight, spaces, settings)
            sizes = NetworkSizes(settings["latent"], settings["hidden"])
            learned: Any = (
                QNetwork(body, 4, settings["hidden"], dueling=True) if discrete else ActorCritic(body, 4, sizes, 0.1)
            )
        batch = made_up_minibatch(spaces, settings["stack"], settings["pad"])
        views = Views([batch.now.crop_at_random(run.rng("crops"))], [batch.later.centre()])
        learner: Any = (
            Dqn(learned, settings, run.rng("explore"), lr=1e-3, double=True)
            if discrete
            else Sac(learned, settings, run.torch_rng("policy"), lr=1e-3)
        )
        before = [weight.clone() for weight in learned.parameters()]
        assert torch.isfinite(learner.update(batch, views)).all()
        assert sum(weight.numel() for weight in learned.parameters()) > 1000
        assert any(not torch.equal(a, b) for a, b in zip(before, learned.parameters(), strict=True))
    assert seen


def made_up_minibatch(spaces: Spaces, stack: int, pad: int) -> Minibatch:
    """Two transitions of random pictures."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(256, size=(4, *spaces.pixels), dtype=np.uint8)
    actions = random_actions(spaces, 3, rng)
    replay = Replay(pictures[0], actions[0], capacity=4, stack=stack, pad=pad)
    replay.begin(pictures[0])
    for action, picture in zip(actions, pictures[1:], strict=True):
        replay.add(action, 1.0, picture, terminated=False)
    return replay.sample(2, rng, discount=0.9)
