"""One canonical form of plain values, and the digest of it: the same value gives the same bytes everywhere."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted names, no white space, UTF-8. NaN and infinity are refused (`ValueError`)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, its first 32 hex digits (128 bits)."""
    return hashlib.sha256(canonical(value)).hexdigest()[:32]


def array_digest(arrays: "Mapping[str, np.ndarray]") -> str:
    """SHA-256 over named arrays in order of name: name, dtype, shape and bytes; its first 32 hex digits.

    Python objects have no bytes of their own: an array of them is a `TypeError`.
    """
    import numpy as np

    total = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        solid = np.asarray(array, order="C")
        if solid.dtype.hasobject:
            raise TypeError(f"array '{name}' holds Python objects; give it a dtype of numbers or of strings")
        total.update(canonical([name, solid.dtype.str, list(solid.shape)]))
        total.update(solid.tobytes())
    return total.hexdigest()[:32]
