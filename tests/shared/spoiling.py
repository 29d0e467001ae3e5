"""Spoiling what an entrant's method returns: another shape, another dtype, values that are not finite, or None."""

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

WAYS: Final = ("None", "shape", "dtype", "nan")
"""The ways in which a value is spoiled. Whole numbers and truth values become floating-point ones where they are made
NaN, and complex ones where their type is changed; other objects are replaced by something else."""

OUTPUT: Final = "what it returns"
"""The part of a module that is spoiled beside the module itself."""

Place = tuple[Any, ...]
"""Where a part of a value stands: field names, keys and indices, from the outside to the inside."""


def places(value: Any, fields: Mapping[type, tuple[str, ...]]) -> Iterator[Place]:
    """The places of the parts of a value that are spoiled by themselves: fields of tuples and data classes, and the
    first entries of sequences and dictionaries. `fields` names those of other classes."""
    entries = dict(_entries(value, fields))
    if not entries:
        yield ()
    for name, entry in entries.items():
        yield from ((name, *place) for place in places(entry, fields))


def spoiled(value: Any, place: Place, way: str) -> Any:
    """A copy of a value, spoiled at a place."""
    if not place:
        return None if way == "None" else _spoiled_part(value, way)
    name, *inner = place
    if name == OUTPUT:
        return _Spoiling(value, lambda returned: spoiled(returned, tuple(inner), way))
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return (*value[:name], spoiled(value[name], tuple(inner), way), *value[name + 1 :])
    if hasattr(value, "_replace"):
        return value._replace(**{name: spoiled(getattr(value, name), tuple(inner), way)})
    changed = copy.copy(value)
    if isinstance(value, list | dict):
        changed[name] = spoiled(value[name], tuple(inner), way)
    else:
        object.__setattr__(changed, name, spoiled(getattr(value, name), tuple(inner), way))
    return changed


def _entries(value: Any, fields: Mapping[type, tuple[str, ...]]) -> Iterator[tuple[Any, Any]]:
    named = next((names for kind, names in fields.items() if isinstance(value, kind)), None)
    if named is None and dataclasses.is_dataclass(value):
        named = tuple(field.name for field in dataclasses.fields(value))
    if named is None and hasattr(value, "_fields"):
        named = value._fields
    if named is not None:
        yield from ((name, getattr(value, name)) for name in named)
    elif isinstance(value, nn.Module):
        yield OUTPUT, None
    elif isinstance(value, tuple):
        yield from enumerate(value)
    elif isinstance(value, dict):
        yield from list(value.items())[:1]
    elif isinstance(value, list) and value:
        yield 0, value[0]


def _spoiled_part(value: Any, way: str) -> Any:
    match value:
        case Tensor():
            return _spoiled_tensor(value, way)
        case np.ndarray():
            return _spoiled_tensor(torch.from_numpy(value.copy()), way).numpy()
        case bool() | str():
            return {"shape": [value], "dtype": 0, "nan": float("nan")}[way]
        case _:
            return {"shape": [value], "dtype": "a text", "nan": float("nan")}[way]


def _spoiled_tensor(value: Tensor, way: str) -> Tensor:
    if way == "shape":
        return value.unsqueeze(0)
    if way == "dtype":
        return value.to(torch.int64 if value.is_floating_point() else torch.complex64)
    return value.to(value.dtype if value.is_floating_point() else torch.float32) * torch.nan


class _Spoiling(nn.Module):
    """A module whose output is spoiled."""

    def __init__(self, module: nn.Module, spoil: Callable[[Any], Any]) -> None:
        super().__init__()
        self.module, self.spoil = module, spoil

    def forward(self, *inputs: Any) -> Any:
        return self.spoil(self.module(*inputs))
