"""Estimands: what a claim is about, as one number a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, TypeAlias

import numpy as np

from harness.stats.intervals import Floats

if TYPE_CHECKING:
    import pandas as pd

Name: TypeAlias = Literal["difference", "log_ratio", "level", "slope", "gap_slope", "steps_ratio", "good_share"]

WITHOUT_OPPONENT: frozenset[Name] = frozenset({"level", "slope"})
ALONG_AN_AXIS: frozenset[Name] = frozenset({"slope", "gap_slope"})
RATIOS: frozenset[Name] = frozenset({"log_ratio", "steps_ratio"})
"""Estimands that are logarithms of ratios: their margins and bounds are written as ratios."""
OVER_ITEMS: frozenset[Name] = frozenset({"difference", "level"})
"""Estimands that have an interval over items, too: it is made of the items' own scores."""

_FEWEST_X = 2


class NotAssessable(Exception):
    """Why a claim cannot be judged on what there is."""


class Side(NamedTuple):
    """The scores of one entrant: a row for each seed, `cell` (case and point, in words) and `x`.

    Columns: seed (int), cell (str), x (float; 0 where there is no axis), value, n_used. The curves of `steps_ratio`
    have the budget spent as x, and also the column status.
    """

    label: str
    rows: "pd.DataFrame"


@dataclass(frozen=True)
class Estimand:
    """One number e_s for each seed s; means over cells are taken on the estimand's own scale, over complete cells only.

    difference   of - over
    log_ratio    log(of / over)
    level        of
    slope        least-squares slope of `of` on log2 x; of log `of` on log x with `loglog`
    gap_slope    least-squares slope of (of - over) on log2 x
    steps_ratio  log(budget of `over` / budget of `of`), each to reach the worse of their two final values
    good_share   share of the settings of `of` that are good - that of `over`; good is what reaches the share `good` of
                 the best value that any setting of either has (or, if lower is better, is no more than it over `good`)

    The curves of `steps_ratio` are made monotone by isotonic regression, so that noise reaches no value early; between
    two points the value changes evenly with the logarithm of the budget. Budgets below the first point are not known
    and count as that point's; a diverged run needs its whole budget. Swapping the two sides changes the sign alone.

    All but `level` and `slope`, which are raw, are oriented: positive is better by the metric's direction. With
    `logit`, values are shares and become log((correct + .5) / (wrong + .5)) first.
    """

    name: Name
    better: Literal["higher", "lower"] = "higher"
    loglog: bool = False
    logit: bool = False
    good: float = 1.0

    @property
    def sign(self) -> int:
        """-1 where a lower metric is better."""
        return 1 if self.better == "higher" else -1

    def per_seed(self, of: Side, over: Side | None = None) -> "pd.Series[float]":
        """The estimand by seed (the index). Raises `NotAssessable`, which names the first cell that is missing."""
        import pandas as pd

        sides = [of] if over is None else [of, over]
        if self.name == "steps_ratio":
            return self._steps_ratio(*sides)
        if self.name == "good_share":
            return self._good_share(*sides)
        seeds, xs, grids = _complete([Side(side.label, self._scaled(side)) for side in sides])
        values = [grid.mean(axis=2) for grid in grids]  # [seeds, xs]
        raw = values[0] if over is None else self.sign * (values[0] - values[1])
        if self.name in ALONG_AN_AXIS:
            return pd.Series(raw @ self._slope_weights(xs), index=seeds)
        return pd.Series(raw.mean(axis=1), index=seeds)

    def _scaled(self, side: Side) -> "pd.DataFrame":
        values = side.rows["value"].to_numpy(dtype=np.float64)
        if self.logit:
            if ((values < 0) | (values > 1)).any():
                raise NotAssessable(f"the logit scale needs shares; {side.label} has values outside 0 and 1")
            total = side.rows["n_used"].to_numpy(dtype=np.float64)
            return side.rows.assign(value=np.log((values * total + 0.5) / ((1 - values) * total + 0.5)))
        if self.name == "log_ratio" or self.loglog:
            if (values <= 0).any():
                raise NotAssessable(f"a logarithm needs positive values; {side.label} has {values.min():g}")
            return side.rows.assign(value=np.log(values))
        return side.rows

    def _slope_weights(self, xs: Floats) -> Floats:
        """Weights [xs] whose product with y is its least-squares slope."""
        if len(xs) < _FEWEST_X or xs[0] <= 0:
            raise NotAssessable(f"a slope needs two or more positive x, there are {', '.join(f'{x:g}' for x in xs)}")
        position = np.log(xs) if self.loglog else np.log2(xs)
        centred = position - position.mean()
        return np.asarray(centred / (centred @ centred))

    def _steps_ratio(self, of: Side, over: Side) -> "pd.Series[float]":
        import pandas as pd

        curves, targets = (dict(list(side.rows.groupby(["seed", "cell"]))) for side in (of, over))
        for side, own, others in ((of, curves, targets), (over, targets, curves)):
            if missing := sorted(set(others) - set(own)):
                raise NotAssessable(f"{side.label} has no curve at {missing[0][1]}, seed {missing[0][0]}")
        found = [(seed, self._log_speedup(curves[seed, cell], targets[seed, cell])) for seed, cell in sorted(curves)]
        return pd.DataFrame(found, columns=["seed", "e"]).groupby("seed")["e"].mean()

    def _good_share(self, of: Side, over: Side) -> "pd.Series[float]":
        """Each row is a setting: both sides need equally many of them, everywhere."""
        import pandas as pd

        rows = pd.concat([of.rows.assign(side=0), over.rows.assign(side=1)])
        place = [rows["seed"], rows["cell"]]
        settings = rows.groupby([*place, rows["side"]])["value"].size().unstack(fill_value=0)
        if settings.to_numpy().min() != settings.to_numpy().max():
            raise NotAssessable(
                f"settings are missing: {of.label} has {settings[0].min()} to {settings[0].max()} a seed, "
                f"{over.label} {settings[1].min()} to {settings[1].max()}"
            )
        best = self.sign * (self.sign * rows["value"]).groupby(place).transform("max")
        if (best <= 0).any():
            raise NotAssessable(f"a share of the best needs positive values; the best is {best.min():g}")
        good = self.sign * (rows["value"] - best * self.good**self.sign) >= 0
        shares = good.groupby([*place, rows["side"]]).mean().unstack()
        return (shares[0] - shares[1]).groupby("seed").mean()

    def _log_speedup(self, of: "pd.DataFrame", over: "pd.DataFrame") -> float:
        sides = [_Curve.of(rows, self.sign) for rows in (of, over)]
        finals = [curve.values[-1] for curve in sides if not curve.diverged]
        if not finals:
            return 0.0
        own, other = (curve.log_budget_to(min(finals)) for curve in sides)
        return other - own


class _Curve(NamedTuple):
    """A curve of rising values by the logarithm of the budget spent; a lower metric is negated."""

    log_spent: Floats
    values: Floats
    diverged: bool

    @classmethod
    def of(cls, rows: "pd.DataFrame", sign: int) -> Self:
        from scipy.optimize import isotonic_regression

        ordered = rows[rows["x"] > 0].sort_values("x")
        if ordered.empty:
            raise NotAssessable("a curve has no point after its start")
        values = isotonic_regression(sign * ordered["value"].to_numpy(dtype=np.float64)).x
        spent = ordered["x"].to_numpy(dtype=np.float64)
        return cls(np.log(spent), values, bool((rows["status"] == "diverged").any()))

    def log_budget_to(self, value: float) -> float:
        """The logarithm of the budget at which a value is reached that is no better than the final one."""
        if self.diverged:
            return float(self.log_spent[-1])
        i = int((self.values >= value).argmax())
        if i == 0:
            return float(self.log_spent[0])
        share = (value - self.values[i - 1]) / (self.values[i] - self.values[i - 1])
        return float(self.log_spent[i - 1] + share * (self.log_spent[i] - self.log_spent[i - 1]))


def _complete(sides: Sequence[Side]) -> tuple[list[int], Floats, list[Floats]]:
    """Seeds, xs and one array [seeds, xs, cells] a side. Every side has every cell of every other, once."""
    axes = [np.unique(np.concatenate([side.rows[name].to_numpy() for side in sides])) for name in ("seed", "x", "cell")]
    seeds, xs, cells = axes
    grids = []
    for side in sides:
        at = tuple(
            np.searchsorted(axis, side.rows[name]) for axis, name in zip(axes, ("seed", "x", "cell"), strict=True)
        )
        counts = np.zeros((len(seeds), len(xs), len(cells)), dtype=int)
        np.add.at(counts, at, 1)
        if (counts != 1).any():
            seed, x, cell = (int(i) for i in np.argwhere(counts != 1)[0])
            place = f"{cells[cell]}, seed {seeds[seed]}" + (f", x = {xs[x]:g}" if len(xs) > 1 else "")
            many = counts[seed, x, cell]
            what = f"{many} scores where one is compared" if many else "no score"
            raise NotAssessable(f"{side.label} has {what} at {place}")
        grid = np.empty(counts.shape)
        grid[at] = side.rows["value"].to_numpy(dtype=np.float64)
        if np.isnan(grid).any():
            seed, x, cell = (int(i) for i in np.argwhere(np.isnan(grid))[0])
            raise NotAssessable(f"{side.label} has the value NaN at {cells[cell]}, seed {seeds[seed]}")
        grids.append(grid)
    return [int(seed) for seed in seeds], xs.astype(np.float64), grids
