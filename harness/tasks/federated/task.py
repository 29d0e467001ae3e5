"""The protocol: which scores a federated learner gets."""

from collections.abc import Iterator

import numpy as np

from harness.core.task import Problem, Score, Task, checked
from harness.run import Run
from harness.tasks.federated.data import make
from harness.tasks.federated.interface import FederatedLearner
from harness.tasks.federated.problems.clients import Examples, Inputs
from harness.tasks.federated.scores.metrics import by_client, counted, right, rounds_until, worst_tenth


class Federated(Task[FederatedLearner]):
    """Learn from clients whose examples stay with them, a few of which take part in each round."""

    def problem(self, case: str, run: Run) -> Problem:
        """The clients' examples, and further ones of the same or of other clients."""
        return make(case, run)

    def measure(self, system: FederatedLearner, split: Examples, run: Run) -> Iterator[Score]:
        """Accuracy, averaged over the models that are scored; and on the test split, the accuracies of clients and what
        the training took."""
        hits, labels = right(system.logits, split).mean(axis=0), counted(split)
        items = hits if split.labels.ndim == 1 else None
        yield Score("accuracy", float(hits.sum() / labels.sum()), int(labels.sum()), int(labels.sum()), items=items)
        if split.target is None:
            return
        shares = by_client(hits, split)
        everyone = len(np.unique(split.clients))
        yield Score("worst_decile", worst_tenth(shares), len(shares), everyone)
        for percentile in run.settings["percentiles"]:
            at = {"percentile": percentile}
            yield Score("client_accuracy", float(np.percentile(shares, percentile)), len(shares), everyone, at)
        yield from _costs(system, split, run)

    def answers(self, system: FederatedLearner, split: Examples, picks: np.ndarray) -> np.ndarray | None:
        """F32[n m classes], or F32[n m L classes]: the logits of the picked examples."""
        labels = split.labels[picks]
        return checked("logits", system.logits(split.inputs[picks]), (None, *labels.shape, split.classes)).swapaxes(
            0, 1
        )


def _costs(system: FederatedLearner, split: Examples, run: Run) -> Iterator[Score]:
    if "logits_by_round" in system.capabilities():
        rounds: list[int] = []

        def logits(inputs: Inputs) -> np.ndarray:
            rounds[:], found = system.logits_by_round(inputs)
            return found

        accuracy = right(logits, split).sum(axis=1) / counted(split).sum()
        assert split.target is not None
        yield Score("rounds_to_target", rounds_until(split.target, rounds, accuracy), len(rounds), len(rounds))
    if "traffic" in system.capabilities():
        traffic = system.traffic()
        for metric, sent in (("bytes_down", traffic.down), ("bytes_up", traffic.up)):
            yield Score(metric, sent / traffic.rounds, traffic.rounds, traffic.rounds)
        seconds = run.clocks.seconds["train"]
        yield Score("rounds_per_s", traffic.rounds / max(seconds, 1e-9), traffic.rounds, traffic.rounds)
