"""Lines of JSON: an object on each."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.formats.lines import blocks, quoted, wrong


class Entry(NamedTuple):
    """An object, and the number of its line."""

    line: int
    value: dict[str, Any]


def read_json_lines(path: Path, fields: Mapping[str, type], expected: str) -> Iterator[Entry]:
    """The objects in a file, each with exactly these fields of these types; `expected` says what they are. A line that
    is none is a `UserError`."""
    for block in blocks(path):
        for number, line in enumerate(block.lines, block.first):
            try:
                value = json.loads(line)
            except ValueError:
                raise wrong(path, f"{quoted(line)} is no JSON", expected, number) from None
            if not isinstance(value, dict) or value.keys() != fields.keys():
                raise wrong(path, quoted(line), expected, number)
            for name, kind in fields.items():
                # True counts as a number in Python.
                if not isinstance(value[name], kind) or isinstance(value[name], bool):
                    raise wrong(path, f"the {name} {quoted(json.dumps(value[name]))}", expected, number)
            yield Entry(number, value)


def written_json_lines(values: Iterable[Mapping[str, Any]]) -> bytes:
    """The file of some objects."""
    return b"".join(f"{json.dumps(value, ensure_ascii=False)}\n".encode() for value in values)
