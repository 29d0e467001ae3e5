"""The protocol: how well what was learned on one distribution holds on shifted ones."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from scipy.special import expit

from harness.core.task import Problem, Score, Task, checked
from harness.run import Run
from harness.tasks.ood_dynamics.data import make
from harness.tasks.ood_dynamics.interface import SequencePredictor
from harness.tasks.ood_dynamics.problems.sequences import Films, Learned, Sequences, Shifts
from harness.tasks.ood_dynamics.scores.metrics import LOST, Measured, by_frame, logits_of, measured

Split: TypeAlias = Learned | Shifts

TRACED: Final = 200
"""Sequences over which it is counted which modules are active."""
TRACED_STEPS: Final = 80
"""It is not counted in longer sequences: images."""
WHITE: Final = 255


class OodDynamics(Task[SequencePredictor]):
    """Answer at the end of a sequence, or continue a film, where it is longer, larger or fuller than in training."""

    def problem(self, case: str, run: Run) -> Problem:
        """Sequences or films to learn from and to validate on; a test at every point of the shift."""
        return make(case, run, self.card.version)

    def measure(self, system: SequencePredictor, split: Split, run: Run) -> Iterator[Score]:
        """Of a validation split every metric; of a test every metric by point, how much worse it is away from the
        first point, which modules are active there; and some films are kept."""
        if isinstance(split, Shifts):
            yield from self._shifted(system, split, run)
        else:
            found = measured(logits_of(system, split), split)
            yield from (_score(metric, entry, len(split)) for metric, entry in found.items())

    def answers(self, system: SequencePredictor, split: Split, picks: np.ndarray) -> np.ndarray | None:
        """F32[n ...]: the logits of the picked items of the first point."""
        items = split.points[0].items if isinstance(split, Shifts) else split
        return logits_of(system, _picked(items, picks))

    def _shifted(self, system: SequencePredictor, test: Shifts, run: Run) -> Iterator[Score]:
        first: dict[str, Measured] = {}
        films: dict[str, np.ndarray] = {}
        for shift in test.points:
            at, items = shift.at, shift.items
            logits = logits_of(system, items)
            found = measured(logits, items)
            for metric, entry in found.items():
                yield _score(metric, entry, len(items), at)._replace(chance=shift.chance.get(metric))
            if isinstance(items, Films):
                yield from by_frame(logits, items, at)
                films |= _film(logits, items, at)
            for metric in first.keys() & LOST.keys():
                lost = _lost(
                    self.card.metrics[metric].better, first[metric], found[metric], isinstance(items, Sequences)
                )
                yield _score(LOST[metric], lost, len(items), at)
            first = first or found
        if "activity" in system.capabilities():
            yield from _activity(system, test.points[0].items)
        if films:
            run.keep("rollout.npz", _packed(films))


def _activity(system: SequencePredictor, items: Learned) -> Iterator[Score]:
    """The share of the sequences in which each module is active at each step."""
    given = items.shown if isinstance(items, Films) else items.symbols.astype(np.int64)
    given = given[:TRACED]
    if given.shape[1] > TRACED_STEPS:
        return
    shares = checked("activity", system.activity(given), (*given.shape[:2], None), "b").mean(axis=0)
    for (t, module), share in np.ndenumerate(shares):
        yield Score("active", float(share), len(given), len(given), {"t": t + 1.0, "module": module + 1.0})


def _score(metric: str, entry: Measured, n: int, at: Mapping[str, float | str] = MappingProxyType({})) -> Score:
    return Score(metric, entry.value, n, n, at, entry.items)


def _lost(better: str, before: Measured, after: Measured, paired: bool) -> Measured:
    """How much worse, item by item where the items are the same ones in another place."""
    sign = 1 if better == "higher" else -1
    items = (
        sign * (before.items - after.items) if paired and before.items is not None and after.items is not None else None
    )
    return Measured(sign * (before.value - after.value), items)


def _picked(items: Learned, rows: np.ndarray) -> Learned:
    if isinstance(items, Films):
        return replace(items, frames=items.frames[rows])
    return replace(items, symbols=items.symbols[rows], targets=items.targets[rows])


def _film(logits: np.ndarray, films: Films, at: Mapping[str, float | str]) -> dict[str, np.ndarray]:
    """The first film of a point, and what was seen of it and then predicted, U8[1 T h w] each; white is ink."""
    seen, predicted = films.shown[:1] * np.uint8(WHITE), expit(logits[:1].astype(np.float64)) * WHITE
    point = f"{at['balls']:g} balls, {at['view']}"
    return {
        f"{point}: film": films.frames[:1] * np.uint8(WHITE),
        f"{point}: continued": np.concatenate([seen, np.rint(predicted).astype(np.uint8)], axis=1),
    }


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()
