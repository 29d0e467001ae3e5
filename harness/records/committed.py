"""Files that are made of records, such as tables and figures: whether they still say what the records give."""

import operator
from collections.abc import Callable, Iterator
from pathlib import Path


def file_problems(
    path: Path, text: str, remedy: str, digest: str = "", same: Callable[[str, str], bool] = operator.eq
) -> Iterator[str]:
    """What is wrong with a file for which the records give a text, in one line or none. `remedy` is the command that
    writes the file.

    It may be absent, stale (made from other records: it lacks their `digest`) or edited (made from these records, but
    its own text and the one given are not the `same`).
    """
    if not path.is_file():
        yield f"{path} is not there; write it: {remedy}"
        return
    stored = path.read_bytes().decode(errors="replace")
    if digest not in stored:
        yield f"{path} is stale: not made from these records (digest {digest}); {remedy}"
    elif not same(stored, text):
        what = "was edited, or such files are written otherwise now" if digest else "is not what the records say"
        yield f"{path} {what}; write it anew: {remedy}"
