"""`Entrant`, the base class of everything that can be scored."""

from abc import ABC
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

import numpy as np

if TYPE_CHECKING:
    from harness.run import Run

Stub = TypeVar("Stub", bound=Callable[..., Any])


def capability(stub: Stub) -> Stub:
    """Mark a query that an entrant may leave out. A metric or case that needs it is then *not applicable*."""
    stub.__capability__ = True  # type: ignore[attr-defined]
    return stub


@dataclass_transform(kw_only_default=True, eq_default=False)
class Entrant(ABC):
    """A method, a baseline or an ablation of one task.

    Annotated fields are its parameters: keyword-only, recorded, part of the key, set from outside. What is learned is
    called weights and lives in plain attributes that `fit` sets. A class without a literal `name` is abstract.
    """

    name: ClassVar[str]
    """Literal, `[a-z][a-z0-9_]*`: in paths, keys and tables."""
    files: ClassVar[tuple[str, ...]] = ()
    """Files other than Python that the entrant reads, relative to its own; their bytes are part of the key."""
    from_tier: ClassVar[str] = "smoke"
    """The smallest tier that the entrant takes part in."""
    deterministic: ClassVar[bool] = True
    """False if the same seed does not give the same scores on one machine; records say so."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(kw_only=True, eq=False, repr=False)(cls)

    def fit(self, train: Any, run: "Run", /) -> None:
        """Learn from the problem's training part, drawing it through `run`; the task's interface says what it is."""
        raise NotImplementedError(f"{type(self).__name__} does not define fit")

    @classmethod
    def capabilities(cls) -> frozenset[str]:
        """The optional queries that this class answers: marked by its task's interface and overridden."""
        marked = {name for base in cls.__mro__ for name, value in vars(base).items() if _is_stub(value)}
        return frozenset(name for name in marked if not _is_stub(getattr(cls, name)))

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters, defaults included."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.init}  # type: ignore[arg-type]

    def weights(self) -> int:
        """How many numbers were learned: the floating-point entries of every array and module held by the entrant."""
        own = {name: value for name, value in vars(self).items() if name not in self.parameters}
        return sum(_count(value) for value in own.values())


def _is_stub(value: object) -> bool:
    return getattr(value, "__capability__", False)


def _count(value: object) -> int:
    if isinstance(value, np.ndarray):
        return value.size if value.dtype.kind == "f" else 0
    parameters = getattr(value, "parameters", None)
    if callable(parameters):
        found = parameters()
        return sum(int(weight.numel()) for weight in found) if isinstance(found, Iterator) else 0
    if hasattr(value, "numel") and hasattr(value, "is_floating_point"):
        return int(value.numel()) if value.is_floating_point() else 0
    return 0
