"""The metrics of predicted sequences and continued films."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from scipy.special import log_expit, log_softmax

from harness.core.task import Score, checked
from harness.tasks.ood_dynamics.interface import SequencePredictor
from harness.tasks.ood_dynamics.problems.sequences import Dataset, Films, Sequences

DEGRADATION: Final[Mapping[str, str]] = {
    "cross_entropy": "added_cross_entropy",
    "accuracy": "lost_accuracy",
    "rollout_cross_entropy": "added_rollout_cross_entropy",
    "rollout_f1": "lost_f1",
}
"""The metric that says how much worse another metric is on a shifted test than on the distribution of the training."""


class Measurement(NamedTuple):
    """A metric's value, and its value for each item F64[n] where it is a mean over items."""

    value: float
    items: np.ndarray | None = None


def logits_of(system: SequencePredictor, items: Dataset) -> np.ndarray:
    """A system's logits: F32[n k classes] at the steps with a target, or F32[n steps h w] of the hidden frames. Raises
    `BadOutput` if they have another shape."""
    if isinstance(items, Films):
        shape = items.hidden.shape
        return checked("rollout", system.rollout(items.shown, shape[1]), shape)
    steps = items.targets.shape[1]
    symbols = items.symbols.astype(np.int64)
    return checked("predict", system.predict(symbols, steps), (len(items), steps, items.classes))


def compute_metrics(logits: np.ndarray, items: Dataset) -> dict[str, Measurement]:
    """All metrics of the logits by name."""
    return _measure_films(logits, items) if isinstance(items, Films) else _measure_sequences(logits, items)


def scores_by_frame(logits: np.ndarray, films: Films, at: Mapping[str, float | str]) -> Iterator[Score]:
    """The cross-entropy and F1 score of every predicted frame. Frames are numbered from 1."""
    for i in range(logits.shape[1]):
        frame = Films(films.hidden[:, i : i + 1], 0, films.visible)
        measurements = _measure_films(logits[:, i : i + 1], frame)
        for metric, frame_metric in (("rollout_cross_entropy", "frame_cross_entropy"), ("rollout_f1", "frame_f1")):
            value = measurements[metric].value
            yield Score(frame_metric, value, len(films), len(films), {**at, "frame": i + 1.0})


def _measure_sequences(logits: np.ndarray, items: Sequences) -> dict[str, Measurement]:
    """The cross-entropy in nats over the answer, as in the paper, and over all steps that have a target, as in the
    authors' code; and the share of the sequences whose whole answer is correct."""
    targets = items.targets.astype(np.intp)
    losses = -np.take_along_axis(log_softmax(logits.astype(np.float64), axis=-1), targets[..., None], axis=-1)[..., 0]
    correct = (logits.argmax(axis=-1) == targets)[:, -items.answers :].all(axis=1)
    measurements = {"cross_entropy": _mean(losses[:, -items.answers :].mean(axis=1)), "accuracy": _mean(correct)}
    if targets.shape[1] > items.answers:
        measurements["all_cross_entropy"] = _mean(losses.mean(axis=1))
    return measurements


def _measure_films(logits: np.ndarray, films: Films) -> dict[str, Measurement]:
    """The metrics of the visible pixels of all hidden frames: cross-entropy in nats per pixel, and the F1 score of the
    pixels that are predicted to be inked."""
    logits, truth = logits[..., films.visible].astype(np.float64), films.hidden[..., films.visible]
    losses = -log_expit(np.where(truth, logits, -logits))
    predicted = logits > 0
    hits, ink = float((predicted & (truth > 0)).sum()), float(predicted.sum() + truth.sum())
    return {
        "rollout_cross_entropy": _mean(losses.mean(axis=(1, 2))),
        "rollout_f1": Measurement(2 * hits / ink if ink else 1.0),
    }


def _mean(items: np.ndarray) -> Measurement:
    items = items.astype(np.float64)
    return Measurement(float(items.mean()), items)
