"""The scales of axes: limits, ticks and how their numbers are written."""

import math
from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullLocator

from harness.figures.declared import Scale

_DIGIT = 0.062
"""Inches of a character's width in the labels of ticks."""
_LONG = 10_000
"""From here on, numbers have commas between thousands."""
_MOST_TICKS = 6
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def scale_values(axes: Axes, name: Literal["x", "y"], limits: tuple[float, float], scale: Scale) -> None:
    """Scale the axis of values between limits; a logarithmic one clips values that are not above 0."""
    axis = axes.xaxis if name == "x" else axes.yaxis
    lo, hi = limits
    if scale == "linear":
        axes.set(**{f"{name}lim": limits})
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], min_n_ticks=4))
        if max(abs(lo), abs(hi)) >= _LONG:
            axis.set_major_formatter("{x:,.0f}")
        return
    axes.set(**{f"{name}scale": "log", f"{name}lim": limits})
    decades = math.log10(hi / lo)
    subs = (1.0,) if decades > 2.2 else (1.0, 2.0, 5.0) if decades > 0.7 else tuple(map(float, range(1, 10)))
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_minor_locator(NullLocator())
    are_powers = decades > 2.2 and (lo < 1e-3 or hi > 1e5)
    axis.set_major_formatter((lambda value, _: _power(value)) if are_powers else "{x:,.6g}")


def scale_places(axes: Axes, places: Sequence[float], scale: Scale, width: float, *, counts: bool) -> None:
    """Scale the x axis, about so many inches wide, with ticks at the measured places if these are few: as many as have
    room. Large counts are written as `8k`, other numbers in full."""
    write = EngFormatter(sep="") if counts else "{:,g}".format
    if scale != "linear":
        axes.set_xscale("log", base=2)
        axes.xaxis.set_minor_locator(NullLocator())
    elif len(places) > _MOST_TICKS:
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(lambda value, _: write(value))
        return
    texts = list(map(write, places))
    along = [math.log(place) if scale != "linear" else place for place in places]
    kept = _with_room(along, texts, width)
    axes.set_xticks([places[i] for i in kept], [texts[i] for i in kept])


def _with_room(along: Sequence[float], texts: Sequence[str], width: float) -> list[int]:
    """Which ticks have labels that do not touch each other, from the last one downwards."""
    inches = width / ((along[-1] - along[0]) or 1.0)
    kept = [len(along) - 1]
    for i in reversed(range(len(along) - 1)):
        needed = (len(texts[i]) + len(texts[kept[-1]])) / 2 * _DIGIT + 0.05
        if (along[kept[-1]] - along[i]) * inches > needed:
            kept.append(i)
    return kept[::-1]


def _power(value: float) -> str:
    """A power of ten, its exponent in characters that stay text in SVG."""
    return "10" + f"{round(math.log10(value))}".translate(_SUPERSCRIPT)
