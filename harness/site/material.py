"""What the site is made of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.claims.assessment import ItemScores
from harness.claims.paper import Paper
from harness.claims.verdict import Verdict
from harness.core.card import Card
from harness.core.spec import TIERS, TierName
from harness.figures.plot import Figure
from harness.figures.texts import TextFigure
from harness.records.record import Stored
from harness.records.scored import Scored
from harness.registry.headers import Header
from harness.tables.table import Table

_MOST_CELLS = 400


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A task at a tier.

    `tables` are those that `harness table` prints, `further` those of the task's further metrics; `figures` are not
    drawn yet; `absent` says in lines what is not there and why; `coverage` counts the planned runs by their state.
    """

    card: Card
    tier: TierName
    tables: Sequence[Table]
    further: Sequence[Table]
    figures: Sequence[Figure]
    texts: Sequence[TextFigure]
    absent: Sequence[str]
    coverage: Mapping[str, int]

    @property
    def name(self) -> str:
        """What files of the chapter are called; no other chapter has it."""
        return f"{self.card.task}-{self.tier}"

    @property
    def every_table(self) -> list[Table]:
        """All tables, the main one first."""
        return [*self.tables, *self.further]

    @property
    def shown(self) -> list[Table]:
        """The tables that the chapter's page shows."""
        return [*self.tables, *(table for table in self.further if _size(table) <= _MOST_CELLS)]

    @property
    def large(self) -> list[Table]:
        """The tables of further metrics that are too large for a page."""
        return [table for table in self.further if _size(table) > _MOST_CELLS]


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that the site shows.

    `headers` has the known entrants by task and name; `chapters` are in order of task and tier; `verdicts` has what
    became of the claims, by tier and paper; `records` yields every record, each time that it is called; `items` finds
    the scores of single items.
    """

    cards: Mapping[str, Card]
    headers: Mapping[tuple[str, str], Header]
    papers: Mapping[str, Paper]
    chapters: Sequence[Chapter]
    verdicts: Mapping[TierName, Mapping[str, Sequence[Verdict]]]
    scored: Scored
    records: Callable[[], Iterator[Stored]]
    items: ItemScores

    @property
    def tiers(self) -> list[TierName]:
        """The tiers with records, the largest first."""
        return [tier for tier in reversed(TIERS) if any(chapter.tier == tier for chapter in self.chapters)]

    @property
    def tasks(self) -> list[str]:
        """The tasks with records, in order of name."""
        return sorted({chapter.card.task for chapter in self.chapters})

    def chapter(self, task: str, tier: str) -> Chapter | None:
        """The chapter of a task at a tier, if it has records there."""
        return self._by_name.get((task, tier))

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Chapter]:
        return {(chapter.card.task, chapter.tier): chapter for chapter in self.chapters}

    def is_told(self, verdict: Verdict, tier: TierName) -> bool:
        """Whether records can tell of a claim at a tier: it is about the tier, and one of its tasks has records there;
        elsewhere a verdict says only that nothing was run."""
        return any(part.is_about(tier) and self.chapter(part.task, tier) for part in verdict.claim.parts)


def _size(table: Table) -> int:
    return len(table.rows) * len(table.columns)
