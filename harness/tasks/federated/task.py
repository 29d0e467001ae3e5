"""The protocol of the task: how a federated learner is scored."""

from collections.abc import Iterator

import numpy as np

from harness.core.errors import BadOutput
from harness.core.task import Problem, Score, Task, checked, checked_instance, checked_number, checked_parts
from harness.run import Run
from harness.tasks.federated.data import make
from harness.tasks.federated.interface import FederatedLearner, Traffic
from harness.tasks.federated.problems.clients import Examples, Inputs
from harness.tasks.federated.scores.metrics import (
    accuracy_by_client,
    count_correct,
    count_labels,
    rounds_to_target,
    worst_decile,
)


class Federated(Task[FederatedLearner]):
    """Learn from clients whose examples stay with them, a few of which take part in each round."""

    def problem(self, case: str, run: Run) -> Problem:
        """The clients' examples to learn from, and examples of the same or of other clients to validate and test on."""
        return make(case, run)

    def measure(self, system: FederatedLearner, split: Examples, run: Run) -> Iterator[Score]:
        """The accuracy, averaged over the scored models; on the test split also the accuracies of single clients, the
        rounds to the target accuracy, the traffic and the speed."""
        correct, labels = count_correct(system.logits, split).mean(axis=0), count_labels(split)
        items = correct if split.labels.ndim == 1 else None
        yield Score("accuracy", float(correct.sum() / labels.sum()), int(labels.sum()), int(labels.sum()), items=items)
        if split.target is None:
            return
        accuracy = accuracy_by_client(correct, split)
        clients = len(np.unique(split.clients))
        yield Score("worst_decile", worst_decile(accuracy), len(accuracy), clients)
        for percentile in run.settings["percentiles"]:
            at = {"percentile": percentile}
            yield Score("client_accuracy", float(np.percentile(accuracy, percentile)), len(accuracy), clients, at)
        yield from _costs(system, split, run)

    def answers(self, system: FederatedLearner, split: Examples, picks: np.ndarray) -> np.ndarray | None:
        """F32[n m classes], or F32[n m L classes]: the logits of m models for the n picked examples."""
        labels = split.labels[picks]
        logits = checked("logits", system.logits(split.inputs[picks]), (None, *labels.shape, split.classes))
        return logits.swapaxes(0, 1)


def _costs(system: FederatedLearner, split: Examples, run: Run) -> Iterator[Score]:
    if "logits_by_round" in system.capabilities():
        rounds: list[int] = []

        def logits(inputs: Inputs) -> np.ndarray:
            numbers, answers = checked_parts("logits_by_round", system.logits_by_round(inputs), 2)
            rounds[:] = checked("logits_by_round (rounds)", numbers, (None,), "iu").tolist()
            return np.asarray(answers)

        accuracy = count_correct(logits, split, "logits_by_round").sum(axis=1) / count_labels(split).sum()
        if len(rounds) != len(accuracy) or rounds != sorted(rounds):
            raise BadOutput(f"logits_by_round returned logits of {len(accuracy)} models after the rounds {rounds}")
        assert split.target is not None
        yield Score("rounds_to_target", rounds_to_target(split.target, rounds, accuracy), len(rounds), len(rounds))
    if "traffic" in system.capabilities():
        traffic = checked_instance("traffic", system.traffic(), Traffic)
        for name, value in traffic._asdict().items():
            checked_number(f"traffic ({name})", value, least=1, whole=True)
        for metric, sent in (("bytes_down", traffic.down), ("bytes_up", traffic.up)):
            yield Score(metric, sent / traffic.rounds, traffic.rounds, traffic.rounds)
        seconds = run.clocks.seconds["train"]
        yield Score("rounds_per_s", traffic.rounds / max(seconds, 1e-9), traffic.rounds, traffic.rounds)
