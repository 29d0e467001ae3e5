"""`accepted.toml`, which stands beside entrants: rewritten code that was shown to give the same scores.

An entrant whose code is accepted keeps its records: in keys, the digest of the code that its records were made with
stands for the rewritten code, too.
"""

import json
from pathlib import Path

from harness.core.strict import read_toml
from harness.registry.headers import Header

FILE = "accepted.toml"


def accepted_code(header: Header, current: str) -> str:
    """The digest that stands for an entrant's code in its keys: that of the code which its records were made with if
    the `current` digest was accepted as a rewriting of it, else `current` itself."""
    entry = _entries(header.path.parent).get(header.name)
    return str(entry["code"]) if entry and current in entry["accepted"] else current


def accept_code(header: Header, code: str, current: str) -> Path:
    """Accept `current` as a rewriting of the code whose digest stands as `code` in the entrant's keys."""
    path = header.path.parent / FILE
    entries = _entries(path.parent)
    entries[header.name] = {"code": code, "accepted": [current]}
    lines = ["# Rewritten code with the same scores: in keys it stands as the code that the records were made with."]
    for name, entry in sorted(entries.items()):
        lines += ["", f"[{name}]", f"code = {json.dumps(entry['code'])}", f"accepted = {json.dumps(entry['accepted'])}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _entries(folder: Path) -> dict[str, dict[str, str | list[str]]]:
    path = folder / FILE
    return read_toml(path) if path.exists() else {}
