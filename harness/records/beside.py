"""What lies beside a record's own file: the sidecar with items' scores, and the files that its run kept."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness.core.files import names_in, write_whole
from harness.core.run import check_kept


class Beside(NamedTuple):
    """The SHA-256 of a record's sidecar ("" if it has none) and of each file that its run kept, by name."""

    sidecar: str = ""
    kept: Mapping[str, str] = {}

    def missing(self, path: Path) -> str:
        """What is missing or edited beside the record at a path, in words; "" if nothing is."""
        if self.sidecar and not has_digest(sidecar_path(path, self.sidecar), self.sidecar):
            return "without its sidecar of item scores, which is missing or edited"
        for name, digest in self.kept.items():
            if not has_digest(kept_path(path, name), digest):
                return f"without its kept file {name}, which is missing or edited"
        return ""

    def remove_others(self, path: Path) -> None:
        """Remove what lies beside the record at a path and is not its own: that of the record which it replaced."""
        own = sidecar_path(path, self.sidecar).name
        for name in names_in(path.parent, beginning=f"{path.stem}.", ending=".npz"):
            if name != own:
                path.with_name(name).unlink()
        for name in names_in(kept := path.with_suffix("")):
            if name not in self.kept:
                (kept / name).unlink()


def write_beside(path: Path, items: Mapping[str, np.ndarray], kept: Mapping[str, bytes]) -> Beside:
    """Write the sidecar and the kept files of a record that is to lie at a path. Raises `ValueError` or `TypeError`,
    and writes nothing, for what cannot be kept: a name could lead elsewhere."""
    for name, data in kept.items():
        check_kept(name, data)
    sidecar = _npz(items) if items else b""
    beside = Beside(_sha256(sidecar) if sidecar else "", {name: _sha256(data) for name, data in kept.items()})
    if sidecar:
        write_whole(sidecar_path(path, beside.sidecar), sidecar)
    for name, data in kept.items():
        write_whole(kept_path(path, name), data)
    return beside


def sidecar_path(path: Path, digest: str) -> Path:
    """Where the sidecar with a digest lies, given the record's path."""
    # Named by content, so that a record is never beside the sidecar of another run, not even after a kill.
    return path.with_suffix(f".{digest[:12]}.npz")


def kept_path(path: Path, name: str) -> Path:
    """Where a kept file lies, given the record's path."""
    return path.with_suffix("") / name


def has_digest(path: Path, digest: str) -> bool:
    """Whether a file is there and has that SHA-256."""
    return path.exists() and _sha256(path.read_bytes()) == digest


def _npz(items: Mapping[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: array.astype(np.float32) for name, array in items.items()})  # type: ignore[arg-type]
    return buffer.getvalue()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
