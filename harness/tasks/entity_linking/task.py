"""The protocol of the task: how a linker is scored by the entities that it finds."""

import math
import time
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from harness.core.task import Problem, Score, Task, checked, checked_instance, checked_number
from harness.run import Run
from harness.tasks.entity_linking.data import Measured, Timed, collect
from harness.tasks.entity_linking.interface import EntityLinker
from harness.tasks.entity_linking.problems.growing import Catalogues
from harness.tasks.entity_linking.problems.mentions import I64, INVALID, Linked, Mentions
from harness.tasks.entity_linking.problems.passages import Links, Passages
from harness.tasks.entity_linking.scores.answers import MENTIONS, check_written, readable
from harness.tasks.entity_linking.scores.metrics import (
    by_guessing,
    check_links,
    check_ranking,
    holds,
    link_f1,
    micro_f1,
    right_within,
)

DEPTH: Final = 10
"""The number of entities that are asked for, and the cut-off of recall."""
LEAST_PART: Final = 20
"""The number of mentions below which a part is not scored by itself."""
REPEATS: Final = 3
"""How often linking is timed."""


class EntityLinking(Task[EntityLinker]):
    """Find the entities of a catalogue that mentions in texts refer to."""

    def problem(self, case: str, run: Run) -> Problem:
        """A catalogue with linked mentions to train on, and what is measured on: mentions, texts, or catalogues."""
        data = collect(case, run)
        return Problem(data.train, data.valid, data.test, data.drawn, _chance(data.test), _chance(data.valid))

    def measure(self, system: EntityLinker, split: Measured, run: Run) -> Iterator[Score]:
        """Of mentions, how many are linked rightly; of texts, the links in them; of catalogues, the bytes of their
        indexes; or the time that linking takes."""
        match split:
            case Linked():
                yield from _linking(system, split)
                if "written" in type(system).capabilities():
                    asked = split.mentions.take(np.arange(min(MENTIONS, len(split.entities))))
                    written = check_written(system.written(asked), len(asked))
                    run.keep("answers.txt", readable(split, written).encode())
            case Timed():
                yield from _timing(system, split.linked)
            case Passages():
                yield from _marking(system, split)
            case Catalogues():
                yield from _sizes(system, split, run)

    def answers(self, system: EntityLinker, split: Any, picks: np.ndarray) -> np.ndarray | None:
        """I64[n]: the first entity for each picked mention; None where no mentions are given."""
        return _linked(system, split.mentions.take(picks))[:, 0] if isinstance(split, Linked) else None


def _linking(system: EntityLinker, split: Linked) -> Iterator[Score]:
    """Accuracy with a value for each mention, also by part; micro-F1; recall, also of the candidate sets; and the share
    of invalid answers."""
    mentions = len(split.entities)
    ranked = _linked(system, split.mentions)
    check_ranking(ranked, split.catalogue.entities)
    right, guessed = right_within(ranked, split.entities, 1), by_guessing(split, 1)
    yield Score("accuracy", float(right.mean()), mentions, mentions, items=right)
    links = micro_f1(ranked[:, 0], split.entities)
    yield Score("f1", links.f1, links.n_pred, links.n_gold)
    yield Score(f"recall@{DEPTH}", float(right_within(ranked, split.entities, DEPTH).mean()), mentions, mentions)
    yield Score("invalid", float((ranked[:, 0] == INVALID).mean()), mentions, mentions)
    if split.mentions.candidates is not None:
        held = holds(split.mentions.candidates, split.entities)
        yield Score("candidate_recall", float(held.mean()), mentions, mentions)
    for part, mask in split.parts.items():
        if (count := int(mask.sum())) >= LEAST_PART:
            value, chance = float(right[mask].mean()), float(guessed[mask].mean())
            yield Score("part_accuracy", value, count, count, {"part": part}, right[mask], chance)


def _linked(system: EntityLinker, mentions: Mentions) -> I64:
    """I64[n k]: the entities that the system finds for mentions."""
    return checked("link", system.link(mentions, DEPTH), (len(mentions), DEPTH), "i")


def _timing(system: EntityLinker, split: Linked) -> Iterator[Score]:
    """The shortest of some times that linking all mentions takes, by mention."""
    mentions, seconds = len(split.entities), math.inf
    for _ in range(REPEATS):
        start = time.perf_counter()
        _linked(system, split.mentions)
        seconds = min(seconds, time.perf_counter() - start)
    yield Score("ms_per_mention", 1000 * seconds / mentions, mentions, mentions)


def _marking(system: EntityLinker, split: Passages) -> Iterator[Score]:
    """Micro-F1, precision and recall of the links in texts; F1 also by part."""
    links = checked_instance("mark", system.mark(split.texts), Links)
    check_links(links, split.texts, split.catalogue.entities)
    scored = link_f1(links, split.links)
    yield Score("marking_f1", scored.f1, scored.n_pred, scored.n_gold)
    yield Score("marking_precision", scored.precision, scored.n_pred, scored.n_pred)
    yield Score("marking_recall", scored.recall, scored.n_gold, scored.n_gold)
    for part, texts in split.parts.items():
        scored = link_f1(links.within(texts), split.links.within(texts))
        yield Score("part_marking_f1", scored.f1, scored.n_pred, scored.n_gold, {"part": part})


def _sizes(system: EntityLinker, split: Catalogues, run: Run) -> Iterator[Score]:
    """The bytes of the index of each catalogue; and at a larger size those of a power law through the last two."""
    sizes = [len(catalogue.names) for catalogue in split.catalogues]
    stored = [
        checked_number("index_bytes", system.index_bytes(catalogue, run), least=1, whole=True)
        for catalogue in split.catalogues
    ]
    for size, count in zip(sizes, stored, strict=True):
        yield Score("index_bytes", count, 1, 1, {"names": size})
    if split.extrapolate:
        slope = math.log(stored[-1] / stored[-2]) / math.log(sizes[-1] / sizes[-2])
        estimate = stored[-1] * (split.extrapolate / sizes[-1]) ** slope
        yield Score("extrapolated_bytes", estimate, 1, 1, {"names": split.extrapolate})


def _chance(split: Measured) -> dict[str, float]:
    """The scores of guessing among the candidates."""
    if not isinstance(split, Linked):
        return {}
    guessed = float(by_guessing(split, 1).mean())
    return {"accuracy": guessed, "f1": guessed, f"recall@{DEPTH}": float(by_guessing(split, DEPTH).mean())}
