"""What predictions of sequences and continuations of films are worth."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
from scipy.special import log_expit, log_softmax

from harness.core.task import Score, checked
from harness.tasks.ood_dynamics.interface import SequencePredictor
from harness.tasks.ood_dynamics.problems.sequences import Films, Learned, Sequences

LOST: Final[Mapping[str, str]] = {
    "cross_entropy": "added_cross_entropy",
    "accuracy": "lost_accuracy",
    "rollout_cross_entropy": "added_rollout_cross_entropy",
    "rollout_f1": "lost_f1",
}
"""The metric of how much worse another one is away from what was trained on."""


class Measured(NamedTuple):
    """A metric's value; and its value by item F64[n], where it is a mean over items."""

    value: float
    items: np.ndarray | None = None


def logits_of(system: SequencePredictor, items: Learned) -> np.ndarray:
    """What a system says: F32[n k classes] at the steps with a target, or F32[n steps h w] of the hidden frames."""
    if isinstance(items, Films):
        wanted = items.hidden.shape
        return checked("rollout", system.rollout(items.shown, wanted[1]), wanted)
    steps = items.targets.shape[1]
    given = items.symbols.astype(np.int64)
    return checked("predict", system.predict(given, steps), (len(items), steps, items.classes))


def measured(logits: np.ndarray, items: Learned) -> dict[str, Measured]:
    """All metrics by name."""
    return _of_films(logits, items) if isinstance(items, Films) else _of_sequences(logits, items)


def by_frame(logits: np.ndarray, films: Films, at: Mapping[str, float | str]) -> Iterator[Score]:
    """Cross-entropy and F1 of every predicted frame; the first is frame 1."""
    for i in range(logits.shape[1]):
        one = Films(films.hidden[:, i : i + 1], 0, films.visible)
        found = _of_films(logits[:, i : i + 1], one)
        for metric, by in (("rollout_cross_entropy", "frame_cross_entropy"), ("rollout_f1", "frame_f1")):
            yield Score(by, found[metric].value, len(films), len(films), {**at, "frame": i + 1.0})


def _of_sequences(logits: np.ndarray, items: Sequences) -> dict[str, Measured]:
    """Cross-entropy in nats over the answer, as in the paper, and over all steps that have a target, as in its authors'
    code; and the share of the sequences whose answer is right throughout."""
    targets = items.targets.astype(np.intp)
    losses = -np.take_along_axis(log_softmax(logits.astype(np.float64), axis=-1), targets[..., None], axis=-1)[..., 0]
    right = (logits.argmax(axis=-1) == targets)[:, -items.answers :].all(axis=1)
    found = {"cross_entropy": _mean(losses[:, -items.answers :].mean(axis=1)), "accuracy": _mean(right)}
    if targets.shape[1] > items.answers:
        found["all_cross_entropy"] = _mean(losses.mean(axis=1))
    return found


def _of_films(logits: np.ndarray, films: Films) -> dict[str, Measured]:
    """Of the visible pixels of all hidden frames: cross-entropy in nats a pixel; F1 of the pixels that are more likely
    inked than not."""
    logits, truth = logits[..., films.visible].astype(np.float64), films.hidden[..., films.visible]
    losses = -log_expit(np.where(truth, logits, -logits))
    predicted = logits > 0
    hits, ink = float((predicted & (truth > 0)).sum()), float(predicted.sum() + truth.sum())
    return {
        "rollout_cross_entropy": _mean(losses.mean(axis=(1, 2))),
        "rollout_f1": Measured(2 * hits / ink if ink else 1.0),
    }


def _mean(items: np.ndarray) -> Measured:
    items = items.astype(np.float64)
    return Measured(float(items.mean()), items)
