"""Output in encodings that lack some signs: plain ones stand for them."""

import codecs
import io
import sys

_PLAIN = {
    "↑": "(higher is better)",
    "↓": "(lower is better)",
    "±": "+-",
    "≈": "~",
    "†": "+",
    "—": "-",
    "…": "...",
}


def use_plain_signs() -> None:
    """From now on, what the encoding of standard output or standard error lacks is written in plain signs, or as an
    escape sequence where there are none for it. Otherwise it would be an error."""
    codecs.register_error("plain signs", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain signs")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign) or sign.encode("unicode_escape").decode() for sign in signs), error.end
