"""`Run`, the handle that training and measuring code is given: settings, streams, budget, clocks, curve, artefacts."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from harness.core import limits
from harness.core.artefacts import Cache, Recipe
from harness.core.checkpoints import Checkpoints, Stateful
from harness.core.clocks import Clocks
from harness.core.errors import Diverged
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.words import shortened

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")

KEPT_NAME = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}\.[a-z0-9]{1,9}"
"""Names of files that a run keeps: plain, so that they lead nowhere else, and with a suffix."""

_PROGRESS = ("spent", "curve", "kept", "artefacts", "resumed", "_shared_s", "_due", "_exhausted", "_validated_at")
"""The attributes of a run that training changes."""


class Run:
    """What entrants and tasks are given of one run.

    `settings` are the task's, resolved for tier and case, read-only; `budget` is what may be drawn in all, `spent`
    what has been drawn; `device` is a torch device's name; `resumed` is how often the training went on from a
    checkpoint.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, Any],
        budget: Budget,
        streams: Streams,
        clocks: Clocks | None = None,
        cache: Cache | None = None,
        device: str = "cpu",
        ticks: int = 0,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self.settings = MappingProxyType(dict(settings))
        self.budget = budget
        self.device = device
        self.spent = 0
        self.clocks = clocks or Clocks()
        self.curve: list[dict[str, float]] = []
        self.kept: dict[str, bytes] = {}
        self.artefacts: dict[str, str] = {}
        self.measure_validation: Callable[[], Mapping[str, float]] | None = None
        self.resumed = 0
        self._streams = streams
        self._checkpoints = checkpoints
        self._loops = 0
        self._cache = cache or Cache()
        self._shared_s: dict[str, float] = {}
        self._due = [budget.total * (i + 1) / ticks for i in range(ticks)]
        self._exhausted = False
        self._validated_at = -1

    def rng(self, stream: str) -> np.random.Generator:
        """The numpy generator of a named stream. Asking again continues it."""
        return self._streams.rng(stream)

    def torch_rng(self, stream: str) -> "torch.Generator":
        """The torch generator of a named stream, on the run's device. Asking again continues it."""
        return self._streams.torch_rng(stream, self.device)

    def seed(self, stream: str) -> int:
        """The integer seed of a named stream, for libraries that take no generator."""
        return self._streams.seed(stream)

    def draw(
        self, items: Iterable[Item], cost: int | Callable[[Item], int], state: Mapping[str, Stateful] | None = None
    ) -> Iterator[Item]:
        """Yield `items`, charging each its cost, until the items or the budget end; an item that would overdraw the
        budget is not yielded. A negative cost is a `ValueError`.

        `state` names all that the loop over the items changes, but for the run's random streams and the global ones.
        With it, a long run that was killed goes on from its last checkpoint: the items before that are drawn again and
        not yielded, so that they must not depend on what the loop changes.
        """
        items, done = iter(items), 0
        if state is not None:
            self._loops += 1
            done = self._resume(items, state)
        for item in items:
            charge = cost(item) if callable(cost) else cost
            if charge < 0:
                raise ValueError(f"an item of the budget cannot cost {charge} {self.budget.unit}")
            if self.spent + charge > self.budget.total:
                self._exhausted = True
                return
            self.spent += charge
            yield item
            done += 1
            if state is not None:
                self._write_checkpoint_if_due(done, state)

    def log(self, **values: float) -> None:
        """Add a point to the curve at the budget spent so far. A value that is not finite raises `Diverged`."""
        for name, value in values.items():
            if not math.isfinite(value):
                raise Diverged(f"{name} is {value} after {self.spent} {self.budget.unit}")
        self.curve.append({"spent": float(self.spent), **{name: float(value) for name, value in values.items()}})

    def validate_if_due(self) -> None:
        """Measure the validation split and log the scores, if the next fraction of the budget has been spent; the last
        measurement is due as soon as nothing more can be drawn. Meanwhile the training clock stops and the random
        streams of training stay as they are."""
        reached = math.inf if self._exhausted else self.spent
        if self.measure_validation is None or not self._due or reached < self._due[0]:
            return
        while self._due and reached >= self._due[0]:
            self._due.pop(0)
        if self._validated_at == self.spent:
            return
        self._validated_at = self.spent
        with self.clocks.on("eval"):
            self.log(**self.measure_validation())

    def artefact(self, recipe: Recipe) -> dict[str, np.ndarray]:
        """The arrays of an artefact that entrants share, read-only. Building it is charged to no entrant: the records
        of all of them state the same `shared_s`."""
        with self.clocks.on("shared"):
            built = self._cache.get(recipe)
        self.artefacts[recipe.identity] = built.digest
        self._shared_s[recipe.identity] = built.seconds
        return built.arrays

    @property
    def shared_s(self) -> float:
        """Seconds that building the run's artefacts took, in whichever run they were built."""
        return sum(self._shared_s.values())

    def keep(self, name: str, data: bytes) -> None:
        """Store a file (a figure, a grid of samples) beside the record, under a plain name with its suffix. Another
        name is a `ValueError`, and what is no bytes a `TypeError`."""
        check_kept(name, data)
        self.kept[name] = data

    def state_dict(self) -> dict[str, Any]:
        """What the run has done so far, and the states of all random generators."""
        return {
            **{name: getattr(self, name) for name in _PROGRESS},
            "clocks": self.clocks.state_dict(),
            "streams": self._streams.state_dict(),
            "global": limits.global_state(),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from the state of a run that was killed."""
        for name in _PROGRESS:
            setattr(self, name, state_dict[name])
        self.resumed += 1
        self.clocks.load_state_dict(state_dict["clocks"])
        self._streams.load_state_dict(state_dict["streams"])
        limits.set_global_state(state_dict["global"])

    def _resume(self, items: Iterator[Any], state: Mapping[str, Stateful]) -> int:
        """Go on from the checkpoint of the present loop, if there is one. Returns the number of items before it, which
        are taken from `items`. Raises `UnusableCheckpoint`."""
        if self._checkpoints is None:
            return 0
        with self.clocks.on("checkpoint"):
            return self._checkpoints.resume(self._loops, items, state, self)

    def _write_checkpoint_if_due(self, done: int, state: Mapping[str, Stateful]) -> None:
        """Write a checkpoint of the present loop after so many items, if it is time for one."""
        if self._checkpoints is not None and self._checkpoints.are_due():
            with self.clocks.on("checkpoint"):
                self._checkpoints.write(self._loops, done, state, self)

    def for_measuring(self) -> "Run":
        """The handle for one evaluation: the same settings, artefacts and kept files, no budget, and random streams of
        its own that start anew each time, so that measuring more often changes no score."""
        measuring = Run(
            settings=self.settings,
            budget=Budget(self.budget.unit, 0),
            streams=self._streams.fresh("measure"),
            clocks=self.clocks,
            cache=self._cache,
            device=self.device,
        )
        measuring.kept, measuring.artefacts, measuring._shared_s = self.kept, self.artefacts, self._shared_s
        return measuring


def check_kept(name: str, data: bytes) -> None:
    """Raise `ValueError` or `TypeError` for a file that cannot be kept beside a record."""
    if not re.fullmatch(KEPT_NAME, name):
        what = f"cannot keep a file as '{shortened(name, 120)}'"
        raise ValueError(f"{what}; give it a plain name of at most 100 characters with a suffix, as in 'samples.png'")
    if not isinstance(data, bytes):
        raise TypeError(f"cannot keep '{name}': it is a {type(data).__name__}, not bytes")
