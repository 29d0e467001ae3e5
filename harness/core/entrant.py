"""`Entrant`, the base class of everything that can be scored."""

from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, TypeVar, dataclass_transform

import numpy as np

if TYPE_CHECKING:
    from harness.core.run import Run

EntrantKind: TypeAlias = Literal["method", "baseline", "ablation", "plugin", "predictions", "reference"]
"""What an entrant is to its task: a method of a paper, a baseline, a method with one choice undone, a plug-in,
predictions that were made elsewhere and lie in files, or a reference, which measures chance or the best score that
there can be."""

Stub = TypeVar("Stub", bound=Callable[..., Any])


def capability(stub: Stub) -> Stub:
    """Mark a query that an entrant may leave out. A metric or case that needs it is then *not applicable*."""
    stub.__capability__ = True  # type: ignore[attr-defined]
    return stub


@dataclass_transform(kw_only_default=True, eq_default=False)
class Entrant(ABC):
    """A method, a baseline or an ablation of one task.

    Annotated fields are its parameters: keyword-only, recorded, part of the key, set from outside. What is learned is
    called weights and stands in plain attributes that `fit` sets. A class without a literal `name` is abstract.
    """

    name: ClassVar[str]
    """A literal that matches `[a-z][a-z0-9_]*`. It stands in paths, keys and tables."""
    files: ClassVar[tuple[str, ...]] = ()
    """Files other than Python that the entrant reads, relative to its own; their bytes are part of the key."""
    from_tier: ClassVar[str] = "smoke"
    """The smallest tier that the entrant takes part in, beside the smoke tier, in which all are tested."""
    cases: ClassVar[tuple[str, ...]] = ()
    """The cases that the entrant takes part in; empty = all."""
    search_space: ClassVar[Mapping[str, Any]] = {}
    """What tuning chooses parameters from; a literal, since it is read from source. A pair is a range that is searched
    log-uniformly, a list holds the values to choose from, as in `{"lr": (1e-4, 1e-2), "top_k": [20, 50, 200]}`."""
    tuned_as: ClassVar[str] = ""
    """The entrant of the same task whose tuned parameters hold for this one, which then has no trials of its own; ""
    for none. An ablation of how answers are read off thus keeps the weights of its method."""
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
        """How many numbers were learned: the floating-point entries of the arrays, tensors and modules that the entrant
        holds, in lists and dictionaries too. An array that is held twice counts once."""
        parameters = self.parameters
        learned = [value for name, value in vars(self).items() if name not in parameters]
        return sum({id(array): size for array, size in _sizes(learned)}.values())


def _is_stub(value: object) -> bool:
    return getattr(value, "__capability__", False)


def _sizes(value: Any) -> Iterator[tuple[Any, int]]:
    """Every array of floating-point numbers that a value holds, and its number of entries."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            yield value, value.size
    elif isinstance(value, Mapping):
        yield from _sizes(list(value.values()))
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _sizes(entry)
    elif callable(parameters := getattr(value, "parameters", None)):
        weights = parameters()
        yield from _sizes(list(weights) if isinstance(weights, Iterator) else [])
    elif hasattr(value, "numel") and hasattr(value, "is_floating_point") and value.is_floating_point():
        yield value, int(value.numel())
