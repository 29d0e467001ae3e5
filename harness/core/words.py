"""Numbers, and texts that others wrote, as messages and notes spell them."""

from collections.abc import Iterable


def counted(count: int, noun: str) -> str:
    """A count with its noun: `1 thread`, `2 threads`."""
    return f"{count} {noun}{'s' * (count != 1)}"


def listed(numbers: Iterable[int]) -> str:
    """Numbers in order, each once: `0-4`, or `0, 2, 3`."""
    ordered = sorted(set(numbers))
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}-{ordered[-1]}"
    return ", ".join(map(str, ordered))


def seeds_in_words(seeds: Iterable[int]) -> str:
    """Seeds with their noun: `seed 3`, `seeds 0-4`."""
    several = set(seeds)
    return f"seed{'s' * (len(several) > 1)} {listed(several)}"


def encodable(text: str) -> str:
    """A text that UTF-8 can hold: what it cannot, halves of a pair of code units, is written as an escape sequence."""
    return text.encode(errors="backslashreplace").decode()


def shortened(text: str, most: int) -> str:
    """A text that UTF-8 can hold, of at most so many characters, three dots included where something is left out."""
    return encodable(text if len(text) <= most else f"{text[: most - 3]}...")


def printable(text: str) -> str:
    """A text on one line that changes nothing on a terminal: control characters, line breaks and signs that turn the
    direction of writing around stand as escape sequences."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
