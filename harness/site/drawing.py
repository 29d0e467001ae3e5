"""Small drawings that stand in the pages as SVG: seeds in a cell, a finding beside its threshold, curves."""

import math
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup, escape

from harness.claims.finding import Finding
from harness.site import wording

_STRIP, _DOT = 56.0, 3.0
"""Width of the strip of seeds, and the room that it leaves at either end."""
_WIDTH, _HEIGHT, _MIDDLE, _PAD = 280.0, 44.0, 16.0, 10.0
"""Size of the drawing of a finding; the height of its axis; the room at either end."""
_CURVE_WIDTH, _CURVE_HEIGHT = 300.0, 110.0
_LETTER = 8.0
"""The room of a letter below an axis, and of the space between two labels."""


def seed_strip(values: Sequence[float], lo: float, hi: float) -> Markup:
    """A dot a seed between the least and the greatest value of a column; nothing where these are the same."""
    if not hi > lo or not values:
        return Markup("")
    places = (_DOT + (_STRIP - 2 * _DOT) * (value - lo) / (hi - lo) for value in values)
    return Markup('<svg class="strip" aria-hidden="true"><path d="{}"/></svg>').format(_dots(places, 4.0))


def finding_drawing(finding: Finding) -> Markup:
    """The estimate with its interval and a dot a seed, on an axis with the point of no effect and, shaded, the values
    that the claim is about; nothing where there is no estimate."""
    if not finding.values:
        return Markup("")
    region = finding.part.region_on(finding.scale)
    marks = [bound.tau for bound in dict.fromkeys((*region.refuting, *region.required))]
    ends = [value for value in (*finding.values, *finding.interval, *marks, 0.0) if math.isfinite(value)]
    lo, hi = min(ends), max(ends)
    span = (hi - lo) or 1.0

    def x(value: float) -> float:
        return _PAD + (_WIDTH - 2 * _PAD) * (min(max(value, lo), hi) - lo) / span

    left, right = (
        end if math.isinf(limit) else x(limit) for limit, end in zip(region.limits, (0.0, _WIDTH), strict=True)
    )
    parts = [
        f'<rect class="claimed" x="{left:.1f}" y="2" width="{right - left:.1f}" height="28"/>',
        f'<path class="axis" d="M0 30H{_WIDTH:g}"/>',
        *(f'<path class="bound" d="M{x(mark):.1f} 2v28"/>' for mark in marks if mark),
        f'<path class="zero" d="M{x(0.0):.1f} 0v33"/>',
    ]
    if not math.isnan(finding.interval[0]):
        parts.append(
            f'<path class="interval" d="M{x(finding.interval[0]):.1f} {_MIDDLE}H{x(finding.interval[1]):.1f}"/>'
        )
    parts.append(f'<path class="seed" d="{_dots(map(x, finding.values), _MIDDLE)}"/>')
    parts.append(f'<path class="mean" d="M{x(finding.estimate):.1f} 8v16"/>')
    parts += _labels({mark: x(mark) for mark in (*marks, 0.0)}, finding)
    said = f"estimate and 90 % interval: {wording.estimate(finding)}"
    return Markup('<svg class="finding" role="img" viewBox="0 0 {:g} {:g}"><title>{}</title>{}</svg>').format(
        _WIDTH, _HEIGHT, said, Markup("".join(parts))
    )


def _labels(places: Mapping[float, float], finding: Finding) -> Iterable[str]:
    """What stands below an axis: the thresholds first, and what finds room beside them."""
    taken: list[tuple[float, float]] = []
    for value, place in places.items():
        text = wording.value(finding.part, value)
        width = _LETTER * len(text)
        left = min(max(place - width / 2, 0.0), _WIDTH - width)
        if all(left > end or left + width < start for start, end in taken):
            taken.append((left, left + width))
            yield f'<text x="{left + width / 2:.1f}" y="42" text-anchor="middle">{escape(text)}</text>'


def curve_drawing(points: Sequence[tuple[float, float]], name: str) -> Markup:
    """A line through points; nothing unless there are two with finite values."""
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if len(finite) < 2:
        return Markup("")
    xs, ys = zip(*finite, strict=True)
    across, up = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0
    places = [
        (4 + (_CURVE_WIDTH - 8) * (x - min(xs)) / across, 4 + (_CURVE_HEIGHT - 8) * (max(ys) - y) / up)
        for x, y in finite
    ]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    said = f"{name}: {ys[0]:.4g} at first, {ys[-1]:.4g} at last"
    return Markup('<svg class="curve" role="img" viewBox="0 0 {:g} {:g}"><title>{}</title><path d="{}"/></svg>').format(
        _CURVE_WIDTH, _CURVE_HEIGHT, said, line
    )


def _dots(places: Iterable[float], height: float) -> str:
    """Lines without length, which round ends make dots."""
    return "".join(f"M{place:.1f} {height:g}h0" for place in places)
