"""Data that is put away while others must not come across it."""

import io
import pickle
from typing import Any, Generic, TypeVar

import numpy as np

T = TypeVar("T")


class Withheld(Generic[T]):
    """A value that is kept as bytes, so that nothing of it is found among the objects of this process.

    It comes back as it was, arrays that are read-only included. What cannot be pickled is a `TypeError`.
    """

    def __init__(self, value: T) -> None:
        stored = io.BytesIO()
        try:
            _Pickler(stored, pickle.HIGHEST_PROTOCOL).dump(value)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(f"a {type(value).__name__} cannot be withheld: {error}") from error
        self._stored = stored.getvalue()

    def value(self) -> T:
        """A copy of the value."""
        value: T = pickle.loads(self._stored)
        return value


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if type(value) is not np.ndarray or value.dtype.hasobject:
            return NotImplemented
        # The order of the axes in memory is kept, too: sums over them depend on it in their last bits.
        order = sorted(range(value.ndim), key=lambda axis: -abs(value.strides[axis]))
        turned = value.transpose(order)
        parts = turned.tobytes(), value.dtype, turned.shape, np.argsort(order).tolist(), value.flags.writeable
        return _array, parts


def _array(data: bytes, dtype: np.dtype, shape: tuple[int, ...], order: list[int], writeable: bool) -> np.ndarray:
    array = np.frombuffer(data, dtype).reshape(shape).copy().transpose(order)
    array.flags.writeable = writeable
    return array
