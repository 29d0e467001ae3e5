"""What a task says in `figures.toml` about its tables: slices of large ones, and the settings to name below them."""

from collections.abc import Mapping

from pydantic import Field, model_validator

from harness.claims.conditions import Conditions
from harness.core.strict import Strict


class Slice(Strict):
    """What the default table of a metric shows, where all would make it too wide or too long: the points of `where`
    alone, and no row that sets a parameter of `leave_out` from outside, such as those of a grid that a figure shows."""

    where: Conditions = Field(default={})
    leave_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _slices(self) -> "Slice":
        if not self.where and not self.leave_out:
            raise ValueError("a slice has `where`, `leave_out` or both")
        return self


class TableOptions(Strict):
    """`held` names the settings that tables say were held constant, in that order, by case or for all other cases as
    `default` (none = all settings); `tables` has slices by metric."""

    held: Mapping[str, tuple[str, ...]] = {}
    tables: Mapping[str, Slice] = {}
