"""What the verbs that read results share: each record, each paper and each task's figures are read once a command."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.cli.options import results_folder
from harness.core.words import printable
from harness.records.record import Environment
from harness.records.store import Store
from harness.registry.find import Registry, find
from harness.runs.plan import NOWHERE, Planner
from harness.runs.selection import NOTHING_GIVEN, Given, Selection

if TYPE_CHECKING:
    import numpy as np

    from harness.claims.paper import Paper
    from harness.claims.verdict import Verdict
    from harness.core.spec import TierName
    from harness.figures.presentation import Presentation
    from harness.figures.readings import Subject
    from harness.records.record import Stored
    from harness.records.scored import Scored
    from harness.records.submitted import Submitted
    from harness.runs.plan import Plan
    from harness.tables.build import View
    from harness.tables.results import ExpectedRuns
    from harness.tables.table import Table


class Session:
    """The registry and the store of one command, and what is made of them, each made when it is first asked for.

    Only records of the given tasks are read, and of the given tiers (none given = all). `given` is what the user's
    command said.
    """

    def __init__(
        self,
        registry: Registry,
        store: Store,
        tasks: Collection[str],
        tiers: Sequence[str] = (),
        given: Given = NOTHING_GIVEN,
    ) -> None:
        self.registry, self.store, self.tasks, self.given = registry, store, tasks, given
        self._tiers = tiers
        self._presentations: dict[str, Presentation] = {}
        self._items: dict[str, dict[str, np.ndarray]] = {}
        self._plans: dict[tuple[object, ...], Plan] = {}

    @cached_property
    def scored(self) -> "Scored":
        """The scored table of the records that are read."""
        from harness.records.scored import scored

        return scored(self.stored())

    def stored(self) -> "Iterator[Stored]":
        """Every record that is read, whole; read again each time."""
        tiers: Sequence[str | None] = self._tiers or [None]
        return (record for tier in tiers for record in self.store.stored(tier, self.tasks))

    @cached_property
    def submitted(self) -> "Mapping[str, Submitted]":
        """The records that others made and that were merged into the store, by place."""
        from harness.records.submitted import submitted

        return submitted(self.store)

    @cached_property
    def papers(self) -> "Mapping[str, Paper]":
        """The papers by the name of their folder."""
        return self._planner.papers

    def presentation(self, task: str) -> "Presentation":
        """What a task's `figures.toml` says."""
        from harness.figures.presentation import presentation_of

        if task not in self._presentations:
            self._presentations[task] = presentation_of(self.registry, task)
        return self._presentations[task]

    def tasks_at(self, tier: str) -> list[str]:
        """The tasks with records at a tier, in order of name."""
        return sorted(task for task, tier_of_task in self.scored if tier_of_task == tier)

    def expected(self, task: str, view: "View", *, any_key: bool = False) -> "ExpectedRuns":
        """What is planned for a task at the tier of a view; with `any_key`, no record counts as stale."""
        from harness.tables.results import expected_of

        asked = (task, view.tier, view.cases, view.seeds, view.first_seed)
        if asked not in self._plans:
            selection = Selection(
                tier=view.tier,
                tasks=[task],
                cases=view.cases,
                seeds=view.seeds,
                first_seed=view.first_seed,
            )
            self._plans[asked] = self._planner.plan(selection)
        return expected_of(self._plans[asked], task, view.tier, any_key=any_key)

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self.registry, self.store, read=False)

    def subject(self, task: str, tier: "TierName", expected: "ExpectedRuns") -> "Subject":
        """What the figures of a task at a tier are made of."""
        from harness.figures.readings import Subject
        from harness.tables.results import TaskResults

        return Subject(
            card=self.registry.card(task),
            results=TaskResults(self._of_entrants(task, tier), task, tier),
            kept=self.store.kept,
            expected=expected,
            given=self.given,
            capabilities={name: header.capabilities for name, header in self.registry.of_task(task).items()},
        )

    def _of_entrants(self, task: str, tier: "TierName") -> "Scored":
        """The scored table of a task at a tier without predictions, which figures do not show."""
        of_task = self.scored.get((task, tier))
        return {(task, tier): of_task.without_predictions()} if of_task else {}

    def tables(self, task: str, view: "View", expected: "ExpectedRuns") -> "list[Table]":
        """The tables of one task, with the numbers that papers on it published."""
        from harness.tables.build import build_tables
        from harness.tables.rows import marked_rows

        published = [
            number
            for paper in self.papers.values()
            if any(task in claim.tasks for claim in paper.claim)
            for number in paper.published
        ]
        card, options = self.registry.card(task), self.presentation(task)
        tables = build_tables(self.scored, card, replace(view, given=self.given), expected, published, options)
        return [marked_rows(table, self.submitted) for table in tables]

    def tables_of_all(self, view: "View", *, any_key: bool = False) -> "Iterator[Table]":
        """The tables of all tasks with records at a view's tier, each of those of the view's cases that the task has
        there; with `any_key`, no record is marked as stale."""
        for task, of_task in self.by_task(view):
            yield from self.tables(task, of_task, self.expected(task, of_task, any_key=any_key))

    def by_task(self, view: "View") -> "Iterator[tuple[str, View]]":
        """Each task with records at a view's tier and one of its cases, and the view of those cases that the task has
        there."""
        for task in self.tasks_at(view.tier):
            tier = self.registry.card(task).tiers.get(view.tier)
            cases = tuple(case for case in view.cases if tier and case in tier.cases)
            if cases or not view.cases:
                yield task, replace(view, cases=cases)

    def verdicts(self, tier: "TierName", seeds: int | None = None, first_seed: int = 0) -> "dict[str, list[Verdict]]":
        """The verdicts on the claims about the tasks, by paper: on so many seeds from the first one on, by default on
        those that the tier plans."""
        from harness.claims.requirements import requirements
        from harness.claims.verdict import judge, marked_verdict
        from harness.tables.build import View

        required = requirements(self.registry, tier, seeds, first_seed)
        view = View(tier=tier, seeds=seeds, first_seed=first_seed)
        for task in self.tasks_at(tier):
            required[task] = replace(required[task], keys=self.expected(task, view).keys)
        by_paper = {
            name: [
                marked_verdict(judge(claim, self.scored, tier, required, self.item_scores), self.submitted)
                for claim in paper.claim
                if not claim.tasks.isdisjoint(self.tasks)
            ]
            for name, paper in self.papers.items()
        }
        return {name: verdicts for name, verdicts in by_paper.items() if verdicts}

    def item_scores(self, path: str, name: str) -> "np.ndarray | None":
        """The array of that name in the sidecar of the record at a path; None if it has none."""
        if path not in self._items:
            self._items[path] = self.store.item_scores(path, self._sidecars[path])
        return self._items[path].get(name)

    @cached_property
    def _sidecars(self) -> dict[str, str]:
        """The digest of each record's sidecar by the record's path; "" where it has none."""
        return {run.path: run.sidecar for of_task in self.scored.values() for run in of_task.runs}


def open_session(
    results: Path | None,
    tasks: Iterable[str] | None = None,
    tiers: Sequence[str] = (),
    plugins: Sequence[Path] | None = None,
    *,
    for_files: bool = False,
) -> Session:
    """The session of a verb's options; no tasks are all tasks. What goes to files is made of records alone: commands in
    it do not say where the records lie. Raises `UserError` for an unknown task."""
    registry = registry_with(plugins)
    names = [registry.card(name).task for name in tasks or registry.tasks]
    given = NOTHING_GIVEN if for_files else Given(results, plugins or ())
    return Session(registry, Store(results_folder(results)), names, tiers, given)


def warn(problems: Iterable[str]) -> None:
    """Say on standard error what is wrong or was left aside."""
    for problem in problems:
        typer.secho(f"warning: {printable(problem)}", err=True, fg="yellow")


def registry_with(plugins: Iterable[Path] | None) -> Registry:
    """The registry, plug-ins included; what cannot be read is said."""
    registry = find(plugins or ())
    warn(registry.problems)
    return registry


def open_planner(results: Path | None, plugins: Iterable[Path] | None, environment: Environment = NOWHERE) -> Planner:
    """The planner of a verb's options. Runs that are to be done need an environment."""
    return Planner(registry_with(plugins), Store(results_folder(results)), environment)
