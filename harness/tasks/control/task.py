"""The protocol of the task: how an agent is scored by the returns of its episodes, or by what its critic knows."""

import io
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from harness.core.errors import BadOutput
from harness.core.task import Problem, Score, Task, checked
from harness.run import Run
from harness.tasks.control.data import make
from harness.tasks.control.interface import Agent
from harness.tasks.control.problems.environment import Observation
from harness.tasks.control.problems.episodes import Episodes
from harness.tasks.control.problems.transitions import HeldOut
from harness.tasks.control.scores.critic import correlation, td_ratio, values_of
from harness.tasks.control.training.student import Log, check_log

Split: TypeAlias = Episodes | HeldOut


class Control(Task[Agent]):
    """Act so that the rewards of an episode add up to much; learn it with few frames."""

    def problem(self, case: str, run: Run) -> Problem:
        """A world to learn in, and episodes of it to be tested on; or a fixed replay, and transitions held out."""
        return make(case, self.card.find_case(case).at, run)

    def measure(self, system: Agent, split: Split, run: Run) -> Iterator[Score]:
        """The return of the agent at the end of its training, with a value for each episode, of which some are kept as
        films; or the fit of its critic. And what its training took, if it tells."""
        if isinstance(split, HeldOut):
            n = len(split.held_out)
            yield Score("q_correlation", correlation(system, split.held_out), n, n)
            yield Score("td_ratio", td_ratio(system, split), n, n)
        else:
            yield from _returns(system, split, run)
        if "log" in system.capabilities():
            yield from _training(check_log(system.log()), split)

    def answers(self, system: Agent, split: Split, picks: np.ndarray) -> np.ndarray:
        """The values of the picked transitions F64[n], or the actions at the beginning of the picked episodes."""
        if isinstance(split, HeldOut):
            return values_of(system, _picked(split.held_out.now, picks), split.held_out.actions[picks])
        return _actions(system, split, _picked(split.starts(), picks))


def _returns(system: Agent, episodes: Episodes, run: Run) -> Iterator[Score]:
    played = episodes.play(lambda seen: _actions(system, episodes, seen))
    n = episodes.number
    for metric, items in (("normalised_return", episodes.scale.normalise(played.returns)), ("return", played.returns)):
        yield Score(metric, float(items.mean()), n, n, items=items)
    file = io.BytesIO()
    films = {f"episode {i + 1}": film[None] for i, film in enumerate(played.films)}
    np.savez_compressed(file, **films)  # type: ignore[arg-type]
    run.keep("episodes.npz", file.getvalue())


def _training(log: Log, split: Split) -> Iterator[Score]:
    """What the log of the training says."""
    if isinstance(split, Episodes):
        if log.returns and split.as_learned:
            area = split.scale.normalise(np.array(log.returns))
            yield Score("learning_area", float(area.mean()), len(area), len(area))
        yield Score("frames_per_s", log.frames / (log.acting_s + log.learning_s), 1, 1)
    if log.learning_s:
        yield Score("updates_per_s", log.updates / log.learning_s, 1, 1)


def _actions(system: Agent, episodes: Episodes, seen: Observation) -> np.ndarray:
    spaces, n = episodes.world.spaces, len(seen.state)
    if not spaces.discrete:
        return checked("steer", system.steer(seen), (n, spaces.actions))
    chosen = checked("choose", system.choose(seen), (n,), "iu")
    if not ((chosen >= 0) & (chosen < spaces.actions)).all():
        raise BadOutput(f"choose returned actions outside 0 ... {spaces.actions - 1}")
    return chosen


def _picked(observation: Observation, picks: np.ndarray) -> Observation:
    return Observation(observation.pixels[picks], observation.state[picks])
