"""Predictions of control: the returns of the test episodes, by seed, frame of training and episode."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.core.card import Case
from harness.core.predictions import Answer, PredictionFormat, Replay
from harness.core.task import Problem
from harness.formats.columns import read_columns
from harness.formats.items import Found, check_items, check_missing
from harness.formats.json_lines import written_json_lines
from harness.run import Run
from harness.tasks.control.interface import Agent
from harness.tasks.control.problems.episodes import Episodes, Played, Policy, World
from harness.tasks.control.problems.transitions import FixedReplay

FILE = "csv"
_COSTS = "returns do not say how long the training took"
_COLUMNS = ["frame", "episode", "return"]
_HEADER = f"the header {','.join(_COLUMNS)}"


class Returns(PredictionFormat):
    """The return of each test episode, after some frames of training; the last of them count."""

    methods = ("steer", "choose")
    silent: ClassVar[Mapping[str, str]] = {
        "learning_area": "it is of the episodes of training, not of those of the test",
        "frames_per_s": _COSTS,
        "updates_per_s": _COSTS,
    }

    def refusal(self, case: Case) -> str:
        """Some cases are about critics."""
        return "it is about what a critic knows" if case.needs == "values" else ""

    def inputs(self, problem: Problem) -> Iterator[tuple[str, bytes]]:
        """How many episodes there are, and from which seed their start states are drawn."""
        test: Episodes = problem.test
        scale = {"random": test.scale.random, "oracle": test.scale.oracle}
        yield "episodes.jsonl", written_json_lines([{"episodes": test.number, "seed": test.seed, **scale}])

    def guesses(self, problem: Problem) -> list[Answer]:
        """No action at all, which the example gives the return of random actions."""
        return []

    def write(self, answers: Sequence[Answer], problem: Problem) -> dict[str, bytes]:
        """The returns of the episodes in which a system's actions are taken again."""
        test: Episodes = problem.test
        actions = iter([np.asarray(answer.value) for answer in answers])
        returns = (
            test.play(lambda seen: next(actions)).returns.tolist() if answers else [test.scale.random] * test.number
        )
        lines = [f"0,{episode},{value!r}" for episode, value in enumerate(returns)]
        return {FILE: "".join(f"{line}\n" for line in [",".join(_COLUMNS), *lines]).encode()}

    def read(self, path: Path, problem: Problem, *, allow_missing: bool) -> Replay:
        """The returns in a file after the most frames; no episode may be missing."""
        test: Episodes = problem.test
        table = read_columns(path, lambda names: list(names) == _COLUMNS, _HEADER)
        frame, episode, value = table.values.T
        (chosen,) = np.nonzero(frame == frame.max())
        known = (episode >= 0) & (episode < test.number) & (episode == np.floor(episode))
        rows = np.where(known, episode, -1).astype(np.int64)[chosen]
        present = np.unique(rows[rows >= 0])
        found = Found(rows, chosen + 2, lambda n: f"episode {episode[chosen[n]]:g}")
        check_items(path, found, test.number - len(present))
        missing = np.setdiff1d(np.arange(test.number), present)
        example = str(missing[0]) if len(missing) else ""
        check_missing(path, len(missing), test.number, "episodes", example, allow_missing=False)
        returns = np.empty(test.number)
        returns[rows] = value[chosen]
        return Replay(PlayedElsewhere(), EpisodesBefore(**vars(test), played=Played(returns, [])))


@dataclass(frozen=True)
class EpisodesBefore(Episodes):
    """Test episodes that were played elsewhere, without films."""

    played: Played | None = None

    def play(self, policy: Policy) -> Played:
        """What was played; the policy is not asked."""
        assert self.played is not None
        return self.played


class PlayedElsewhere(Agent):
    """An agent of which only returns are known."""

    def fit(self, train: World | FixedReplay, run: Run, /) -> None:
        """Nothing is left to learn."""
