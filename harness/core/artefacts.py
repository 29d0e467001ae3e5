"""Artefacts: arrays that several entrants share (a warm-up checkpoint, dense vectors), built once and cached."""

import dataclasses
import os
import sys
import time
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_path

from harness.core.canonical import array_digest, digest
from harness.core.closure import closure_of_module
from harness.core.files import replacing

_SECONDS = "build_seconds"


@dataclass(frozen=True)
class Recipe(ABC):
    """How to build an artefact.

    A subclass is a frozen dataclass whose plain values identify what is built: digests of the inputs, settings, the
    seed, the task's version. Fields with `compare=False` hold the inputs themselves and are not part of the identity.
    The source of the recipe's module is.
    """

    @abstractmethod
    def build(self) -> dict[str, np.ndarray]:
        """The artefact's arrays, none of dtype object."""

    @cached_property
    def identity(self) -> str:
        """Digest of the recipe's class, its source and its identifying fields, as they were when it was first asked."""
        return digest(
            {
                "recipe": f"{type(self).__module__}.{type(self).__qualname__}",
                "code": closure_of_module(sys.modules[type(self).__module__]).digest,
                "fields": {
                    entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self) if entry.compare
                },
            }
        )


class Artefact(NamedTuple):
    """Built arrays (read-only), the digest of their content, and how many seconds building them took."""

    arrays: dict[str, np.ndarray]
    digest: str
    seconds: float


class Cache:
    """The folder of built artefacts: `$HARNESS_CACHE`, else the user's cache folder."""

    def __init__(self, folder: Path | None = None) -> None:
        chosen = folder or os.environ.get("HARNESS_CACHE")
        self.folder = Path(chosen) if chosen else user_cache_path("harness") / "artefacts"

    def get(self, recipe: Recipe) -> Artefact:
        """The recipe's artefact, built if it is not cached, or put aside and built again if its file cannot be read. Of
        processes that need it at once, one builds it."""
        path = self.folder / f"{recipe.identity}.npz"
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if path.exists():
                try:
                    return _load(path)
                except (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error):
                    path.replace(path.with_suffix(".unreadable"))  # cut off, or the disk has failed
            _build(recipe, path)
            return _load(path)


def _build(recipe: Recipe, path: Path) -> None:
    start = time.perf_counter()
    arrays = recipe.build()
    seconds = time.perf_counter() - start
    if objects := [name for name, array in arrays.items() if array.dtype.hasobject]:
        raise TypeError(f"recipe {type(recipe).__name__} built arrays of Python objects: {', '.join(objects)}")
    with replacing(path) as file:
        np.savez(file, **arrays, **{_SECONDS: np.float64(seconds)})  # type: ignore[arg-type]


def _load(path: Path) -> Artefact:
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files if name != _SECONDS}
        seconds = float(stored[_SECONDS])
    for array in arrays.values():
        array.flags.writeable = False
    return Artefact(arrays, array_digest(arrays), seconds)
