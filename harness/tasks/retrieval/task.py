"""The protocol of the task: how a retriever is scored by the documents that it finds."""

import time
from collections.abc import Iterator

import numpy as np

from harness.core.task import Problem, Score, Task, checked, checked_instance, checked_number
from harness.run import Run
from harness.tasks.retrieval.data import collect
from harness.tasks.retrieval.interface import Diagnostics, Retriever
from harness.tasks.retrieval.problems.collection import DEPTH, Questions
from harness.tasks.retrieval.scores.metrics import TOP, at_random, check_ranking, per_query


class Retrieval(Task[Retriever]):
    """Find the documents that answer a query in a corpus that is known beforehand."""

    def problem(self, case: str, run: Run) -> Problem:
        """The corpus with answered queries to train on, and queries to validate and test on."""
        collection = collect(case, run)
        chance = at_random(collection.test.judgements, len(collection.test.queries))
        return Problem(collection.train, collection.valid, collection.test, collection.drawn, chance)

    def measure(self, system: Retriever, split: Questions, run: Run) -> Iterator[Score]:
        """The ranking metrics, with a value for each query; the speed of the search; and, if the retriever has them,
        the diagnostics of its training."""
        queries = len(split.queries)
        start = time.perf_counter()
        ranked = checked("search", system.search(split.queries, DEPTH), (queries, DEPTH), "i")
        seconds = time.perf_counter() - start
        check_ranking(ranked, split.judgements.corpus)
        for metric, items in per_query(ranked, split.judgements).items():
            yield Score(metric, float(np.mean(items)), len(items), len(items), items=items)
        yield Score("queries_per_s", queries / seconds, queries, queries)
        if "diagnostics" in type(system).capabilities():
            yield from _training_scores(checked_instance("diagnostics", system.diagnostics(), Diagnostics))

    def answers(self, system: Retriever, split: Questions, picks: np.ndarray) -> np.ndarray:
        """I64[n 10]: the first documents for each picked query."""
        return checked("search", system.search([split.queries[pick] for pick in picks], TOP), (len(picks), TOP), "i")


def _training_scores(diagnostics: Diagnostics) -> Iterator[Score]:
    """What the diagnostics say."""
    yield Score("overlap", checked_number("diagnostics (overlap)", diagnostics.overlap), 1, 1)
    for metric, axis, values in (
        ("gradient_norm", "part", diagnostics.gradient_norms),
        ("refresh_s", "stage", diagnostics.refresh_s),
    ):
        for name, value in checked_instance(f"diagnostics ({metric})", values, dict).items():
            yield Score(metric, checked_number(f"diagnostics ({metric} of {name})", value), 1, 1, {axis: name})
