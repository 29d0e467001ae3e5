"""The protocol of the task: how a linker is scored by the entities that it finds."""

from collections.abc import Iterator

import numpy as np

from harness.core.task import Problem, Score, Task, checked
from harness.run import Run
from harness.tasks.entity_linking.data import collect
from harness.tasks.entity_linking.interface import EntityLinker
from harness.tasks.entity_linking.problems.mentions import INVALID, Linked
from harness.tasks.entity_linking.scores.metrics import by_guessing, check_ranking, micro_f1, right_within

DEPTH = 10
"""The number of entities that are asked for, and the cut-off of recall."""


class EntityLinking(Task[EntityLinker]):
    """Find the entities of a catalogue that mentions in texts refer to."""

    def problem(self, case: str, run: Run) -> Problem:
        """A catalogue with linked mentions to train on, and mentions to validate and test on."""
        data = collect(case, run)
        return Problem(data.train, data.valid, data.test, data.drawn, _chance(data.test), _chance(data.valid))

    def measure(self, system: EntityLinker, split: Linked, run: Run) -> Iterator[Score]:
        """Accuracy with a value for each mention, also by part; micro-F1; recall; and the share of invalid answers."""
        mentions = len(split.entities)
        ranked = checked("link", system.link(split.mentions, DEPTH), (mentions, DEPTH), "i")
        check_ranking(ranked, split.catalogue.entities)
        right, guessed = right_within(ranked, split.entities, 1), by_guessing(split, 1)
        yield Score("accuracy", float(right.mean()), mentions, mentions, items=right)
        links = micro_f1(ranked[:, 0], split.entities)
        yield Score("f1", links.f1, links.n_pred, links.n_gold)
        yield Score(f"recall@{DEPTH}", float(right_within(ranked, split.entities, DEPTH).mean()), mentions, mentions)
        yield Score("invalid", float((ranked[:, 0] == INVALID).mean()), mentions, mentions)
        for part, mask in split.parts.items():
            if count := int(mask.sum()):
                value, chance = float(right[mask].mean()), float(guessed[mask].mean())
                yield Score("part_accuracy", value, count, count, {"part": part}, right[mask], chance)

    def answers(self, system: EntityLinker, split: Linked, picks: np.ndarray) -> np.ndarray:
        """I64[n]: the first entity for each picked mention."""
        return system.link(split.mentions.take(picks), DEPTH)[:, 0]


def _chance(split: Linked) -> dict[str, float]:
    """The scores of guessing among the candidates."""
    guessed = float(by_guessing(split, 1).mean())
    return {"accuracy": guessed, "f1": guessed, f"recall@{DEPTH}": float(by_guessing(split, DEPTH).mean())}
