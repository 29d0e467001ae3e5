"""Installed packages that bring tasks or entrants: their entry points, and where they lead."""

import importlib.util
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

OWN = ("harness", "methods", "baselines")
"""The top-level packages of this distribution."""


def entry_points_of(group: str) -> list[EntryPoint]:
    """The entry points of a group, in order of value, but those of this distribution first: other packages cannot take
    a name from it."""
    return sorted(entry_points(group=group), key=lambda point: (top_level(point.value) not in OWN, point.value))


def leads_nowhere(point: EntryPoint, missing: str) -> str:
    """The message that an entry point names something that is missing."""
    return f"entry point '{point.name}' of {point.group} leads nowhere: there is no {missing}; reinstall what brings it"


def top_level(name: str) -> str:
    """The first part of a dotted name."""
    return name.partition(".")[0]


def source_of(module: str) -> Path | None:
    """The file of a top-level module, for a package its `__init__.py`; None if there is none. Imports nothing."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec is not None and spec.has_location and spec.origin else None


def package_folder(name: str) -> Path | None:
    """The folder of a package by its dotted name; None if it, or a package that it is in, is not there."""
    top, *inner = name.split(".")
    path = source_of(top)
    for folder in inner:
        if path is None or path.name != "__init__.py":
            return None
        path = path.parent / folder / "__init__.py"
    return path.parent if path is not None and path.name == "__init__.py" and path.is_file() else None
