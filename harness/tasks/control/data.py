"""The problem of each case: a world to learn in and episodes to be tested on, or a fixed replay."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np

from harness.core.canonical import array_digest
from harness.core.task import Problem
from harness.run import Run
from harness.tasks.control.problems.atari import HUMAN, atari
from harness.tasks.control.problems.deepmind import PLANET, SCALE, DeepMindControl
from harness.tasks.control.problems.environment import Environment
from harness.tasks.control.problems.episodes import Episodes, Scale, World, anchors
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
CHEAP: Final = "_cheap"
"""How the cases end whose pictures are drawn by cheap rendering."""

MakeEnvironment: TypeAlias = Callable[[], Environment]


def make(case: str, axes: Mapping[str, Any], run: Run) -> Problem:
    """The problem of a case (`KeyError` if there is none), which lies at these values of the axes."""
    side = run.settings["side"]
    if "transitions" in axes:
        return _replay(int(axes["transitions"]), run)
    if case in POINTS:
        return _interaction(partial(PointWorld, POINTS[case], side), run)
    if case in HUMAN:
        training, testing = (partial(atari, case, side, training=training) for training in (True, False))
        return _interaction(training, run, testing, HUMAN[case])
    suite = PLANET[case.removesuffix(CHEAP)]
    return _interaction(partial(DeepMindControl, suite, side, cheap=case.endswith(CHEAP)), run, scale=SCALE)


def _interaction(
    training: MakeEnvironment, run: Run, testing: MakeEnvironment | None = None, scale: Scale | None = None
) -> Problem:
    """Learning by interaction, and episodes of the same environment, or of another one, to be tested on. The seed draws
    the start states. Where `scale` does not give the returns that scores are normalised by, they are measured from the
    same start states."""
    settings, spaces = run.settings, training().spaces
    learned, tested = (World(make, spaces, settings["stack"]) for make in (training, testing or training))
    splits, chance = {}, {}
    for split in ("valid", "test"):
        seed, number = run.seed(split), settings[f"{split}_episodes"]
        measured = scale or anchors(tested, seed, number)
        splits[split] = Episodes(tested, seed, number, measured, as_learned=testing is None)
        chance[split] = {"normalised_return": 0.0, "return": measured.random}
    drawn = array_digest({"seeds": np.array([split.seed for split in splits.values()])})
    return Problem(learned, splits["valid"], splits["test"], drawn, chance["test"], chance["valid"])


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
