"""`accepted.toml`, which stands beside entrants: rewritten code that gave the same scores as the code before.

An entrant whose code is accepted keeps its records: its keys go on containing the digest of the code that the records
were made with.
"""

import json
from pathlib import Path

from harness.core.strict import read_toml
from harness.registry.headers import Header

FILE = "accepted.toml"


def accepted_code(header: Header, current: str) -> str:
    """The digest of an entrant's code for its keys, given the `current` digest: that of the code which its records were
    made with, if the current code was accepted in its place; else the current one."""
    entry = _entries(header.path.parent).get(header.name)
    return str(entry["code"]) if entry and current in entry["accepted"] else current


def accept_code(header: Header, code: str, current: str) -> Path:
    """Accept the code with the digest `current` in place of the one with the digest `code`, which keys contain."""
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
