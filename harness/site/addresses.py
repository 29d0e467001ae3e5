"""Addresses within the site, and links from one page to another."""

import posixpath
import re

from harness.core.canonical import digest

_SAFE = re.compile(r"[A-Za-z0-9_]+")
_NO_ANCHOR = re.compile(r"[^A-Za-z0-9_.@,=+-]+")

BOARD, CLAIMS, COMPARE = "index.html", "claims.html", "compare.html"
STYLE, SCRIPT, COMPARE_SCRIPT, ICON = "site.css", "site.js", "compare.js", "icon.svg"


def task_page(task: str, tier: str) -> str:
    """The page of a task at a tier."""
    return f"{_file_safe(task)}-{tier}.html"


def entrant_page(task: str, entrant: str) -> str:
    """The page of an entrant, whatever its parameters."""
    return f"entrant/{_file_safe(task)}-{_file_safe(entrant)}.html"


def run_page(key: str) -> str:
    """The page of a run."""
    return f"run/{_file_safe(key)}.html"


def data_file(name: str) -> str:
    """A file to download."""
    return f"data/{name}"


def anchor(*parts: object) -> str:
    """The name of a place on a page, made of words that identify it there."""
    return _NO_ANCHOR.sub("-", ".".join(map(str, parts)))


def relative(address: str, page: str) -> str:
    """How a page links to an address, which may end in the name of a place."""
    path, sign, place = address.partition("#")
    if path == page:
        return sign + place if sign else posixpath.basename(path)
    return posixpath.relpath(path, posixpath.dirname(page) or ".") + sign + place


def _file_safe(name: str) -> str:
    """A name as it may stand in that of a file; a digest of it where it has other signs than letters and digits."""
    return name if _SAFE.fullmatch(name) else digest(name)[:16]
