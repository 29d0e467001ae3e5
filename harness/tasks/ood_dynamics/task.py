"""The protocol of the task: how a predictor is scored on the distribution of its training and on shifted ones."""

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
from harness.tasks.ood_dynamics.problems.sequences import Dataset, Films, Sequences, Shifts
from harness.tasks.ood_dynamics.scores.metrics import (
    DEGRADATION,
    Measurement,
    compute_metrics,
    logits_of,
    scores_by_frame,
)

Split: TypeAlias = Dataset | Shifts

TRACED_SEQUENCES: Final = 200
"""The number of sequences over which active modules are counted."""
TRACED_STEPS: Final = 80
"""Active modules are not counted in longer sequences than this, which are images."""
WHITE: Final = 255


class OodDynamics(Task[SequencePredictor]):
    """Answer at the end of a sequence, or continue a film, where it is longer, larger or has more balls than in
    training."""

    def problem(self, case: str, run: Run) -> Problem:
        """Sequences or films to learn from and to validate on, and a test at every point of the shift."""
        return make(case, run, self.card.version)

    def measure(self, system: SequencePredictor, split: Split, run: Run) -> Iterator[Score]:
        """On the validation split every metric. On the test split every metric by point, how much worse it is away from
        the first point, and which modules are active at the first point. Some predicted films are kept as files."""
        if isinstance(split, Shifts):
            yield from self._shifted_scores(system, split, run)
        else:
            measurements = compute_metrics(logits_of(system, split), split)
            yield from (_score(metric, entry, len(split)) for metric, entry in measurements.items())

    def answers(self, system: SequencePredictor, split: Split, picks: np.ndarray) -> np.ndarray | None:
        """F32[n ...]: the logits of the picked items, on a test those of its first point."""
        items = split.points[0].items if isinstance(split, Shifts) else split
        return logits_of(system, _select(items, picks))

    def _shifted_scores(self, system: SequencePredictor, test: Shifts, run: Run) -> Iterator[Score]:
        first: dict[str, Measurement] = {}
        films: dict[str, np.ndarray] = {}
        for shift in test.points:
            at, items = shift.at, shift.items
            logits = logits_of(system, items)
            measurements = compute_metrics(logits, items)
            for metric, entry in measurements.items():
                yield _score(metric, entry, len(items), at)._replace(chance=shift.chance.get(metric))
            if isinstance(items, Films):
                yield from scores_by_frame(logits, items, at)
                films |= _first_film(logits, items, at)
            for metric in first.keys() & DEGRADATION.keys():
                better, is_paired = self.card.metrics[metric].better, isinstance(items, Sequences)
                degradation = _degradation(better, first[metric], measurements[metric], is_paired)
                yield _score(DEGRADATION[metric], degradation, len(items), at)
            first = first or measurements
        if "activity" in system.capabilities():
            yield from _activity(system, test.points[0].items)
        if films:
            run.keep("rollout.npz", _packed(films))


def _activity(system: SequencePredictor, items: Dataset) -> Iterator[Score]:
    """The share of the sequences in which each module is active at each step."""
    inputs = items.shown if isinstance(items, Films) else items.symbols.astype(np.int64)
    inputs = inputs[:TRACED_SEQUENCES]
    if inputs.shape[1] > TRACED_STEPS:
        return
    shares = checked("activity", system.activity(inputs), (*inputs.shape[:2], None), "b").mean(axis=0)
    for (t, module), share in np.ndenumerate(shares):
        yield Score("active", float(share), len(inputs), len(inputs), {"t": t + 1.0, "module": module + 1.0})


def _score(metric: str, entry: Measurement, n: int, at: Mapping[str, float | str] = MappingProxyType({})) -> Score:
    return Score(metric, entry.value, n, n, at, entry.items)


def _degradation(better: str, before: Measurement, after: Measurement, is_paired: bool) -> Measurement:
    """How much worse a metric is after the shift; item by item if the items before and after it are paired."""
    sign = 1 if better == "higher" else -1
    items = (
        sign * (before.items - after.items)
        if is_paired and before.items is not None and after.items is not None
        else None
    )
    return Measurement(sign * (before.value - after.value), items)


def _select(items: Dataset, rows: np.ndarray) -> Dataset:
    if isinstance(items, Films):
        return replace(items, frames=items.frames[rows])
    return replace(items, symbols=items.symbols[rows], targets=items.targets[rows])


def _first_film(logits: np.ndarray, films: Films, at: Mapping[str, float | str]) -> dict[str, np.ndarray]:
    """The first film of a point, and its shown and then predicted frames, U8[1 T h w] each; white is ink."""
    shown, predicted = films.shown[:1] * np.uint8(WHITE), expit(logits[:1].astype(np.float64)) * WHITE
    point = f"{at['balls']:g} balls, {at['view']}"
    return {
        f"{point}: film": films.frames[:1] * np.uint8(WHITE),
        f"{point}: continued": np.concatenate([shown, np.rint(predicted).astype(np.uint8)], axis=1),
    }


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()
