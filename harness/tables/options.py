"""How `figures.toml` says that a task's tables are shown: slices of large tables, and the settings named below them."""

from collections.abc import Mapping

from pydantic import Field, model_validator

from harness.claims.conditions import Conditions
from harness.core.strict import Strict


class Slice(Strict):
    """The part of a metric's results that its default table shows, where all of them would make it too wide or too
    long: only the points of `where`, and no row that sets a parameter of `leave_out` from outside."""

    where: Conditions = Field(default={})
    leave_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _slices(self) -> "Slice":
        if not self.where and not self.leave_out:
            raise ValueError("a slice has `where`, `leave_out` or both")
        return self


class TableOptions(Strict):
    """`held` names by case the settings that tables list as held constant, in that order; `default` stands for all
    other cases, and a case that is not named lists all settings. `tables` has slices by metric."""

    held: Mapping[str, tuple[str, ...]] = {}
    tables: Mapping[str, Slice] = {}
