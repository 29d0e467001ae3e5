"""The problem of each case: a world to learn in and episodes to be tested on, or a fixed replay."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np

from harness.core.canonical import array_digest
from harness.core.task import Problem
from harness.run import Run
from harness.tasks.control.problems.environment import Environment
from harness.tasks.control.problems.episodes import Episodes, World, anchors
from harness.tasks.control.problems.point import PointOptions, PointWorld
from harness.tasks.control.problems.transitions import FixedReplay, HeldOut, Transitions, collect

POINTS: Final[Mapping[str, PointOptions]] = {
    "reach": PointOptions(limit=15, speed=0.25, reward_width=0.8),
    "mass": PointOptions(limit=40, speed=0.25, reward_width=0.6, inertia=0.8),
    "anchored": PointOptions(limit=15, speed=0.25, reward_width=0.8, goal=False),
    "dreach": PointOptions(limit=15, speed=0.25, reward_width=0.8, discrete=True),
}
"""The raster worlds."""
REPLAYED: Final = "reach"
"""The raster world of the fixed replays."""


def make(case: str, axes: Mapping[str, Any], run: Run) -> Problem:
    """The problem of a case (`KeyError` if there is none), which lies at these values of the axes."""
    if "transitions" in axes:
        return _replay(int(axes["transitions"]), run)
    return _interaction(partial(PointWorld, POINTS[case], run.settings["side"]), run)


def _interaction(make_environment: Callable[[], Environment], run: Run) -> Problem:
    """Learning by interaction. The seed draws the start states; scores are normalised by the returns of random actions
    and of an oracle from the same start states."""
    settings = run.settings
    world = World(make_environment, make_environment().spaces, settings["stack"])
    splits, chance = {}, {}
    for split in ("valid", "test"):
        seed, number = run.seed(split), settings[f"{split}_episodes"]
        scale = anchors(world, seed, number)
        splits[split] = Episodes(world, seed, number, scale)
        chance[split] = {"return": scale.random, "normalised_return": 0.0}
    starts = {split: episodes.starts() for split, episodes in splits.items()}
    drawn = array_digest({split: shown.pixels for split, shown in starts.items()})
    return Problem(world, splits["valid"], splits["test"], drawn, chance["test"], chance["valid"])


def _replay(n: int, run: Run) -> Problem:
    """Learning from n transitions, without an environment."""
    settings = run.settings
    environment = PointWorld(POINTS[REPLAYED], settings["side"])
    world = World(partial(PointWorld, POINTS[REPLAYED], settings["side"]), environment.spaces, 1)
    sizes = {"train": n, "valid": settings["held_out"], "test": settings["held_out"]}
    drawn = {
        split: collect(environment, size, settings["discount"], np.random.default_rng(run.seed(f"{split} transitions")))
        for split, size in sizes.items()
    }
    train, valid, test = drawn.values()
    held_out, tested = (HeldOut(part, train, settings["discount"]) for part in (valid, test))
    digest = array_digest({f"{split}.{name}": array for split, part in drawn.items() for name, array in _arrays(part)})
    return Problem(FixedReplay(train, world), held_out, tested, digest, {"q_correlation": 0.0})


def _arrays(part: Transitions) -> list[tuple[str, np.ndarray]]:
    return [("states", part.now.state), ("actions", part.actions), ("values", part.values)]
