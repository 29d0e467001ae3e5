"""The card of a task, `task.toml`: what is measured, on which cases, at which tiers and within which limits."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationError, model_validator

from harness.core.errors import UserError
from harness.core.spec import Budget, TierName
from harness.core.strict import Strict, first_fault, read_toml

MOST_TICKS = 20

Amount: TypeAlias = Mapping[str, Annotated[int, Field(ge=0)]]
"""A budget as the card states it: how much of which unit."""


class Metric(Strict):
    """What is measured.

    `chance` is the score of guessing (a problem may state it for its drawn data) and `ceiling` the best possible score;
    `margin` is how far above chance a baseline must be before a claim is judged (None: at all, on average); an `exact`
    metric is counted and has no interval; a `timing` metric differs between machines; `needs` names the capability
    that an entrant must have; `change_of` names the metric of the same place whose change it is: where that is at
    chance, no claim on the change is judged. It is not stored with records, since claims ask the current card.
    """

    better: Literal["higher", "lower"]
    unit: str = ""
    about: str = ""
    chance: float | None = None
    ceiling: float | None = None
    margin: float | None = None
    exact: bool = False
    timing: bool = False
    needs: str | None = None
    change_of: str | None = Field(default=None, exclude=True)


class Case(Strict):
    """A problem of the task, fixed before training.

    `at` gives its values on the axes; `data` names its real data sets, `bundled` data files in the task's folder,
    `generated` the generator of its data, which stands in for real data if `stand_in` is true; an `exclusive` case is
    timed and runs alone; `primary` replaces the card's primary metric; `needs` names the capability without which an
    entrant is not applicable.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    about: str = ""
    at: Mapping[str, int | float | str] = {}
    data: tuple[str, ...] = ()
    bundled: tuple[str, ...] = ()
    generated: str = ""
    stand_in: bool = False
    exclusive: bool = False
    primary: str | None = None
    needs: str | None = None

    @model_validator(mode="after")
    def _has_a_source(self) -> "Case":
        if bool(self.data or self.bundled) == bool(self.generated):
            raise ValueError(
                f"case '{self.id}' must name its data sets (data), its files beside the card (bundled), or in place of "
                "both its generator (generated)"
            )
        return self


class Override(Strict):
    """The values of a tier that one of its cases replaces."""

    seeds: int | None = Field(default=None, ge=1)
    budget: Amount | None = None
    settings: Mapping[str, Any] = {}
    expect_s: float | None = Field(default=None, gt=0)
    limit_s: float | None = Field(default=None, gt=0)
    memory_mb: int | None = Field(default=None, gt=0)
    ticks: int | None = Field(default=None, ge=0, le=MOST_TICKS)
    trial_divisor: int | None = Field(default=None, ge=1)


class Tier(Override):
    """A named effort level. `expect_s` is the planned length of a run on one core; a run is stopped after `limit_s`;
    `ticks` is how often the validation split is measured while training; a trial of tuning has the budget of a result
    divided by `trial_divisor`."""

    cases: tuple[str, ...] = Field(min_length=1)
    seeds: int = Field(ge=1)
    budget: Amount
    settings: Mapping[str, Any] = {}
    expect_s: float = Field(gt=0)
    limit_s: float = Field(gt=0)
    memory_mb: int = Field(default=4096, gt=0)
    ticks: int = Field(default=0, ge=0, le=MOST_TICKS)
    trial_divisor: int = Field(default=5, ge=1)
    case: Mapping[str, Override] = {}


class Resolved(Strict):
    """All that is fixed for one case at one tier. `deviating` are the settings that differ from the card's."""

    tier: TierName
    case: Case
    seeds: int
    settings: Mapping[str, Any]
    deviating: Mapping[str, Any]
    budget: Budget
    expect_s: float
    limit_s: float
    memory_mb: int
    ticks: int
    trial_divisor: int
    primary: str


class Card(Strict):
    """A task's card.

    `points` are the axes of measurement; `column` is the axis that the task's table spreads over its columns: `case`
    or a point; `preload` names modules that are imported once for all runs: the task's own and the libraries that its
    runs use; `seed_varies` says, for readers of tables, what differs between seeds.
    """

    task: str
    version: int = Field(ge=1)
    title: str
    question: str
    unit: str
    primary: str
    points: tuple[str, ...] = ()
    column: str = "case"
    seed_varies: str
    preload: tuple[str, ...] = ()
    settings: Mapping[str, Any] = {}
    metrics: Mapping[str, Metric]
    cases: tuple[Case, ...]
    tiers: Mapping[TierName, Tier]

    @model_validator(mode="after")
    def _is_closed(self) -> "Card":
        if twice := _repeated([case.id for case in self.cases]):
            raise ValueError(f"case '{twice}' is defined twice")
        for metric in [self.primary, *(case.primary for case in self.cases if case.primary)]:
            if metric not in self.metrics:
                raise ValueError(f"primary metric '{metric}' is not among the metrics")
        for name, entry in self.metrics.items():
            if entry.change_of is not None and entry.change_of not in self.metrics:
                raise ValueError(f"metric '{name}' is a change of '{entry.change_of}', which is not among the metrics")
        if self.column not in {"case", *self.axes()}:
            raise ValueError(f"column '{self.column}' is neither 'case' nor an axis; name it in points")
        for name, tier in self.tiers.items():
            for fault in self._faults(tier):
                raise ValueError(f"tier '{name}'{fault}")
        return self

    def _faults(self, tier: Tier) -> Iterator[str]:
        """What a tier names that the card does not define, and what it names twice."""
        if twice := _repeated(tier.cases):
            yield f" names case '{twice}' twice"
        known = {case.id for case in self.cases}
        for case in [*tier.cases, *tier.case]:
            if case not in known:
                yield f" names case '{case}', which the card does not have"
        for part in (tier, *tier.case.values()):
            if part.budget is not None and set(part.budget) != {self.unit}:
                yield f": a budget is counted in {self.unit}, not {sorted(part.budget)}"
            if unknown := set(part.settings) - set(self.settings):
                yield f" sets {sorted(unknown)}, which [settings] does not define"

    def find_case(self, case: str) -> Case:
        """The case of that name (`KeyError` if there is none)."""
        return {entry.id: entry for entry in self.cases}[case]

    def axes(self) -> set[str]:
        """The axes that cases are placed on and scores are measured at."""
        return {axis for case in self.cases for axis in case.at} | set(self.points)

    def at_tier(self, tier: TierName) -> list[Resolved]:
        """What is fixed for each case of a tier, in the tier's order; empty if the card does not have the tier."""
        return [self.resolve(tier, case) for case in self.tiers[tier].cases] if tier in self.tiers else []

    def resolve(self, tier: TierName, case: str) -> Resolved:
        """Everything that is fixed for a case at a tier: the card's settings, then the tier's, then the case's."""
        level = self.tiers[tier]
        override = level.case.get(case, Override())
        settings = {**self.settings, **level.settings, **override.settings}
        entry = self.find_case(case)
        return Resolved(
            tier=tier,
            case=entry,
            seeds=override.seeds or level.seeds,
            settings=settings,
            deviating={name: value for name, value in settings.items() if value != self.settings[name]},
            budget=Budget(self.unit, (override.budget or level.budget)[self.unit]),
            expect_s=override.expect_s or level.expect_s,
            limit_s=override.limit_s or level.limit_s,
            memory_mb=override.memory_mb or level.memory_mb,
            ticks=level.ticks if override.ticks is None else override.ticks,
            trial_divisor=override.trial_divisor or level.trial_divisor,
            primary=entry.primary or self.primary,
        )


def read_card(path: Path) -> Card:
    """The card in `task.toml`; the task's name is its folder's. A fault is a `UserError` that names file and place."""
    try:
        return Card.model_validate({**read_toml(path), "task": path.parent.name})
    except ValidationError as error:
        raise UserError(f"{path}: {first_fault(error, 'card')}") from error


def _repeated(names: Sequence[str]) -> str:
    """The first name that occurs twice, or ""."""
    return next((name for i, name in enumerate(names) if name in names[:i]), "")
