"""`Run`, the handle that training and measuring code is given: settings, streams, budget, clocks, curve, artefacts."""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

import numpy as np

from harness.core import limits
from harness.core.artefacts import Cache, Recipe
from harness.core.checkpoints import Checkpoints, Stateful, UnusableCheckpoint
from harness.core.errors import Diverged
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.words import shortened

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")

ClockName: TypeAlias = Literal["setup", "shared", "train", "eval", "checkpoint"]


_PROGRESS = ("spent", "curve", "kept", "resumed", "_due", "_exhausted", "_validated_at")
"""The attributes of a run that training changes."""

KEPT_NAME = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}\.[a-z0-9]{1,9}"
"""Names of files that a run keeps: plain, so that they lead nowhere else, and with a suffix."""


class Clocks:
    """Seconds of wall time by clock. Starting a clock inside another one stops the outer clock meanwhile."""

    def __init__(self) -> None:
        self.seconds: dict[ClockName, float] = dict.fromkeys(get_args(ClockName), 0.0)
        self._running: list[ClockName] = []
        self._since = 0.0

    @contextmanager
    def on(self, name: ClockName) -> Iterator[None]:
        """Let the named clock run for the block."""
        self._settle()
        self._running.append(name)
        try:
            yield
        finally:
            self._settle()
            self._running.pop()

    def state_dict(self) -> Mapping[ClockName, float]:
        """The seconds so far."""
        self._settle()
        return {**self.seconds}

    def load_state_dict(self, state_dict: Mapping[ClockName, float]) -> None:
        """Go on from the seconds of another state, as if the time since the clocks were made had not passed."""
        self._settle()
        self.seconds.update(state_dict)

    def _settle(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now


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
        self,
        items: Iterable[Item],
        cost: int | Callable[[Item], int],
        state: Mapping[str, Stateful] | None = None,
    ) -> Iterator[Item]:
        """Yield `items`, charging each its cost, until the items or the budget end; an item that would overdraw the
        budget is not yielded. A negative cost is a `ValueError`.

        `state` names all that the loop over the items changes, but for the run's random streams and the global ones.
        With it, a long run that was killed goes on from its last checkpoint: the items before that are drawn again and
        not yielded, so that they must not depend on what the loop changes.
        """
        items = iter(items)
        before = 0 if state is None else self._resume(items, state)
        for done, item in enumerate(items, start=before + 1):
            charge = cost(item) if callable(cost) else cost
            if charge < 0:
                raise ValueError(f"an item of the budget cannot cost {charge} {self.budget.unit}")
            if self.spent + charge > self.budget.total:
                self._exhausted = True
                return
            self.spent += charge
            yield item
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
        """What the run has done so far, apart from what entrants change themselves."""
        return {
            **{name: getattr(self, name) for name in _PROGRESS},
            "clocks": self.clocks.state_dict(),
            "streams": self._streams.state_dict(),
            "global": limits.global_state(),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from the state of another run of the same kind."""
        for name in _PROGRESS:
            setattr(self, name, state_dict[name])
        self.clocks.load_state_dict(state_dict["clocks"])
        self._streams.load_state_dict(state_dict["streams"])
        limits.set_global_state(state_dict["global"])

    def _resume(self, items: Iterator[Item], state: Mapping[str, Stateful]) -> int:
        """Go on from the checkpoint of the loop that begins, if there is one. Returns the number of items before it,
        which are taken from `items`. Raises `UnusableCheckpoint`."""
        self._loops += 1
        saved = self._checkpoints.read(self._loops) if self._checkpoints else None
        if saved is None:
            return 0
        with self.clocks.on("checkpoint"):
            try:
                done: int = saved["done"]
                if sum(1 for _ in islice(items, done)) < done:
                    raise UnusableCheckpoint(f"was made after {done} items, of which there are fewer")
                for name, part in state.items():
                    part.load_state_dict(saved["state"][name])
                self.load_state_dict(saved["run"])
            except Exception as error:
                raise UnusableCheckpoint(f"does not fit: {type(error).__name__}: {error}") from error
        self.resumed += 1
        return done

    def _write_checkpoint_if_due(self, done: int, state: Mapping[str, Stateful]) -> None:
        """Write a checkpoint of the present loop after so many items, if it is time for one."""
        if self._checkpoints is None or not self._checkpoints.are_due():
            return
        with self.clocks.on("checkpoint"):
            self._checkpoints.write(
                self._loops,
                self.spent,
                self.budget.total,
                lambda: {
                    "done": done,
                    "state": {name: part.state_dict() for name, part in state.items()},
                    "run": self.state_dict(),
                },
            )

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
