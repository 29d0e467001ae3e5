"""Text in LaTeX: whatever it holds, it is text, in signs that the common fonts have."""

import re
import unicodedata

_CODE = re.compile(r"`([^`]*)`")
_MINUS = re.compile(r"(?<!\w)-(?=\d)")
_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **dict.fromkeys("\u2018\u2019", "'"),
    "±": r"$\pm$",
    "≈": r"$\approx$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "\u00d7": r"$\times$",
    "→": r"$\to$",
    "†": r"$\dagger$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "\u2013": "--",
    "\u2014": "---",
    "…": r"\dots{}",
}


def note_in_tex(note: str) -> str:
    """A note, with what stands in backticks as code."""
    parts = _CODE.split(note)
    return "".join(rf"\texttt{{{_code(part)}}}" if i % 2 else in_tex(part) for i, part in enumerate(parts))


def _code(text: str) -> str:
    """A command: its hyphens stay apart, and it may be broken after slashes."""
    return _signs(text).replace("--", "-{}-").replace("/", r"/\allowbreak{}")


def in_tex(text: str) -> str:
    """A text in which nothing is a command of LaTeX; hyphens before digits are signs of numbers."""
    return _signs(_MINUS.sub("\u2212", text)).replace("\u2212", "$-$")


def _signs(text: str) -> str:
    """A text in which nothing is a command of LaTeX, and every sign is one that LaTeX's common fonts have."""
    return "".join(_SIGNS.get(sign) or (sign if _is_known(sign) else _spelled(sign)) for sign in text)


def _is_known(sign: str) -> bool:
    return sign.isascii() or sign == "\u2212" or (sign.isalpha() and ord(sign) < 0x180)


def _spelled(sign: str) -> str:
    """A sign that common fonts lack, by its name."""
    return f"({unicodedata.name(sign, f'U+{ord(sign):04X}').lower()})"
