"""Signs and numbers as the pages write them."""

import math

MINUS = "\N{MINUS SIGN}"


def number(value: float, digits: int = 6) -> str:
    """A number with so many digits; `n/a` for NaN."""
    return "n/a" if math.isnan(value) else f"{value:.{digits}g}".replace("-", MINUS)
