"""Records which files of an entrant's folder a run uses. Its key should cover all of them."""

import os
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

_ELSEWHERE = tuple(f"{folder}/" for folder in (Path(__file__).resolve().parents[1], sys.prefix, sys.base_prefix))
_IGNORED = (".pyc", ".so", ".json", ".npz", ".part", ".lock")

_COMPILED = "/__pycache__/"
"""A folder to ignore: Python writes compiled files there, first under temporary names."""


class Watch:
    """Records the files below a folder that this process opens or imports from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder.resolve()) + "/"
        self._opened: set[str] = set()
        self._last_module = next(reversed(sys.modules))
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            path = os.path.abspath(arguments[0])
            if path.startswith(self._folder):
                self._opened.add(path)

    def unlisted(self, listed: set[str]) -> tuple[str, ...]:
        """The used files, relative to the folder, that are not `listed`."""
        # Only new modules: a forked process shares thousands with its server, and reading them would copy their memory.
        new = list(takewhile(lambda name: name != self._last_module, reversed(sys.modules)))
        loaded = {str(getattr(sys.modules.get(name), "__file__", None) or "") for name in new}
        used = {path for path in loaded | self._opened if path.startswith(self._folder)}
        used = {path for path in used if not path.startswith(_ELSEWHERE) and not path.endswith(_IGNORED)}
        # Writing a file whole opens its folder, too.
        used = {path for path in used if _COMPILED not in path and not os.path.isdir(path)}
        relative = {path.removeprefix(self._folder) for path in used}
        return tuple(sorted(relative - listed))
