"""Pathfinder: do two dots lie on one dashed curve? Our own generator, after Linsley et al. (2018) and the Arena.

Neither the dots alone nor the curves alone tell the label. Four points P, Q, R and S come from the same distribution.
The dots are P and Q (or R and S). Curves of one length join the points in two ways: P-Q and R-S (the dots are on one
curve), or P-R and Q-S (on two curves). Four points are used only if they can be joined in both ways, and then both
images are drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.core.artefacts import Recipe

CLASSES: Final = 2
INK: Final = 255
PERIOD: Final = 4.0
"""The number of pixels from the beginning of one dash to that of the next."""
DASH: Final = 2.0
"""The number of inked pixels of each dash."""
GAP: Final = 2
"""The least number of empty pixels between two curves, and between distant parts of one curve."""
BORDER: Final = 1.5
"""The least number of pixels between a curve and the edge of the image."""
WAVES: Final = 3
"""The number of half sine waves over its chord whose sum is a curve."""
CHORD: Final = (0.3, 0.9)
"""The least and the greatest distance between two of the four points, as shares of the length of the curves."""
POINT_SETS: Final = 1 << 15
"""The number of sets of points that are tried together."""
TRIES: Final = 6
"""The number of curves that are tried between two points, and of places that are tried for a distractor."""
NEWTON_STEPS: Final = 6
LENGTH_SAMPLES: Final = 48
"""The number of points at which the length of a curve is computed."""

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Pathfinder(Recipe):
    """The recipe of `items` images of `side` x `side` pixels. Each has two dots, two curves of `dashes` dashes, and at
    most `distractors` curves of a third as many dashes.

    Builds `images` U8[items side side] of 0 and `INK`, and `labels` I64[items], alternately 1 (the dots are on one
    curve) and 0. Two consecutive images have the same dots.
    """

    version: int
    seed: int
    items: int
    side: int
    dashes: int
    distractors: int

    def build(self) -> dict[str, np.ndarray]:
        """Draws points and curves and keeps those that fit; then draws the distractors, then the dots."""
        rng = np.random.default_rng(self.seed)
        images, done = np.zeros((self.items, self.side, self.side), dtype=np.uint8), 0
        for dots, curves in self._scenes(rng):
            end = min(done + len(dots), self.items)
            self._draw(images[done:end], dots[: end - done], curves[: end - done], rng)
            done = end
            if done == self.items:
                break
        return {"images": images, "labels": 1 - np.arange(self.items) % CLASSES}

    def _scenes(self, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
        """Endless dots F32[n 2 2] and curves F32[n 2 T 2], which alternately join the dots and do not."""
        while True:
            points = self._points((POINT_SETS, 4), rng)
            points = points[_can_be_joined(points, _length(self.dashes))]
            ways: list[Floats] = []
            for pairs in (((0, 1), (2, 3)), ((0, 2), (1, 3))):
                taken = np.zeros((len(points), self.side, self.side), dtype=np.bool_)
                joined = np.empty((len(points), 0, _sample_count(self.dashes), 2), dtype=np.float32)
                for ends in pairs:
                    curve, is_placed = self._place(points[:, ends], self.dashes, taken, rng)
                    points, taken, ways = points[is_placed], taken[is_placed], [other[is_placed] for other in ways]
                    joined = np.concatenate([joined[is_placed], curve[is_placed, None]], axis=1)
                ways.append(joined)
            # The dots may be on either curve: the second curve was placed with less room than the first.
            dots = np.where(rng.random((len(points), 1, 1)) < 0.5, points[:, :2], points[:, 2:])
            yield np.repeat(dots, CLASSES, axis=0), np.stack(ways, axis=1).reshape(-1, *ways[0].shape[1:])

    def _draw(self, images: NDArray[np.uint8], dots: Floats, curves: Floats, rng: np.random.Generator) -> None:
        """Draws dots F32[n 2 2], curves F32[n 2 T 2] and distractors into empty images [n side side]."""
        taken = np.zeros(images.shape, dtype=np.bool_)
        rows = np.arange(len(images))
        for curve in (curves[:, 0], curves[:, 1]):
            _paint(taken, rows, curve, True, reach=GAP)
            _paint(images, rows, _on_dashes(curve), INK)
        for _ in range(self.distractors):
            curve, is_placed = self._place(None, self.dashes // 3, taken, rng)
            _paint(images, rows[is_placed], _on_dashes(curve[is_placed]), INK)
        _paint(images, rows, dots, INK, reach=1)

    def _place(self, ends: Floats | None, dashes: int, taken: Bools, rng: np.random.Generator) -> tuple[Floats, Bools]:
        """Curves F32[n T 2] between ends F32[n 2 2] (None: anywhere), and Bool[n], for which rows a curve was found.

        Curves keep away from the edge, from themselves and from the pixels that are `taken` [n side side]. The pixels
        near them are marked as taken.
        """
        curves = np.empty((len(taken), _sample_count(dashes), 2), dtype=np.float32)
        todo = np.arange(len(taken))
        for _ in range(TRIES):
            polygons = _curves(self._anywhere(len(todo), dashes, rng) if ends is None else ends[todo], dashes, rng)
            fits = _within(polygons, self.side)
            tried = _resample(polygons[fits], _sample_count(dashes))
            clear = np.asarray(~taken[todo[fits][:, None], *_pixels(tried)].any(axis=1))
            clear[clear] = _keeps_off_itself(tried[clear])
            fits[fits] = clear
            curves[todo[fits]] = tried[clear]
            _paint(taken, todo[fits], tried[clear], True, reach=GAP)
            todo = todo[~fits]
        return curves, ~np.isin(np.arange(len(taken)), todo)

    def _points(self, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
        return rng.uniform(BORDER, self.side - 1 - BORDER, (*shape, 2)).astype(np.float32)

    def _anywhere(self, n: int, dashes: int, rng: np.random.Generator) -> Floats:
        """The ends F32[n 2 2] of curves at random places."""
        angle, reach = rng.uniform(0, 2 * np.pi, n), _length(dashes) * rng.uniform(*CHORD, n)
        start, chord = self._points((n,), rng), np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=-1)
        return np.stack([start, start + chord], axis=1).astype(np.float32)


def _length(dashes: int) -> float:
    """The length in pixels of a curve with this many dashes. It begins and ends with a dash."""
    return dashes * PERIOD - (PERIOD - DASH)


def _sample_count(dashes: int) -> int:
    """The number of points that represent a curve with this many dashes: one every half pixel."""
    return round(2 * _length(dashes)) + 1


def _curves(ends: Floats, dashes: int, rng: np.random.Generator) -> Floats:
    """F32[n LENGTH_SAMPLES 2]: smooth random curves of equal length between ends F32[n 2 2], as polygons.

    Each is a sum of half sine waves over its chord, of which the higher ones are smaller. The sum is scaled until the
    curve has the length, by Newton's method from above: the length is convex in the scale.
    """
    start, chord = ends[:, :1], ends[:, 1:] - ends[:, :1]
    reach = np.linalg.norm(chord, axis=-1)
    k, t = np.arange(1, WAVES + 1)[:, None], np.linspace(0, 1, LENGTH_SAMPLES, dtype=np.float32)
    weights = (rng.standard_normal((len(ends), WAVES)) / k.T**1.5).astype(np.float32)
    slope = weights @ (np.pi * k * np.cos(np.pi * k * t)).astype(np.float32)
    steep = slope**2
    scale = _length(dashes) / np.abs(slope).mean(axis=1, keepdims=True)
    for _ in range(NEWTON_STEPS):
        speed = np.sqrt(reach**2 + scale**2 * steep)
        excess = speed.mean(axis=1, keepdims=True) - _length(dashes)
        scale -= excess / (scale * (steep / speed).mean(axis=1, keepdims=True))
    height = scale * (weights @ np.sin(np.pi * k * t).astype(np.float32))
    across = np.stack([-chord[..., 1], chord[..., 0]], axis=-1) / reach[..., None]
    return np.asarray(start + t[:, None] * chord + height[..., None] * across, dtype=np.float32)


def _resample(polygons: Floats, samples: int) -> Floats:
    """F32[n samples 2]: points at equal distances along polygons F32[n corners 2]."""
    if not len(polygons):
        return np.empty((0, samples, 2), dtype=np.float32)
    steps = np.linalg.norm(np.diff(polygons, axis=1), axis=-1).astype(np.float64)
    along = np.cumsum(np.pad(steps, ((0, 0), (1, 0))), axis=1)
    # One call interpolates all polygons: the arc lengths of polygon i are mapped into [2i, 2i + 1].
    rows = 2.0 * np.arange(len(polygons))[:, None]
    known, sampled = (along / along[:, -1:] + rows).ravel(), (np.linspace(0, 1, samples) + rows).ravel()
    coordinates = [np.interp(sampled, known, polygons[..., axis].ravel()) for axis in (0, 1)]
    return np.stack(coordinates, axis=-1).astype(np.float32).reshape(len(polygons), samples, 2)


def _within(curves: Floats, side: int) -> Bools:
    """Bool[n]: whether curves F32[n T 2] keep away from the edge of the image."""
    return np.asarray(((curves > BORDER) & (curves < side - 1 - BORDER)).all(axis=(1, 2)))


def _keeps_off_itself(curves: Floats) -> Bools:
    """Bool[n]: whether any two parts of a curve F32[n T 2] that are far apart along the curve are apart in the
    image."""
    index = np.arange(0, curves.shape[1], 2)
    i, j = np.nonzero(index[:, None] - index > 4 * (GAP + 1))
    distance = np.abs(curves[:, index[i]] - curves[:, index[j]]).max(axis=-1)
    return np.asarray((distance > GAP + 1).all(axis=1))


def _can_be_joined(points: Floats, length: float) -> Bools:
    """Bool[n]: whether no two of four points F32[n 4 2] are too near or too far apart, and chords cross in neither way
    of joining them."""
    p, q, r, s = points.transpose(1, 0, 2)
    distances = np.stack([np.linalg.norm(a - b, axis=-1) for a, b in combinations((p, q, r, s), 2)])
    fits = ((distances > CHORD[0] * length) & (distances < CHORD[1] * length)).all(axis=0)
    return np.asarray(fits & ~_cross(p, q, r, s) & ~_cross(p, r, q, s))


def _cross(a: Floats, b: Floats, c: Floats, d: Floats) -> Bools:
    """Bool[n]: whether the line segments from a to b F32[n 2] cross those from c to d."""

    def side(start: Floats, end: Floats, point: Floats) -> Bools:
        along, to = end - start, point - start
        return np.asarray(along[:, 0] * to[:, 1] > along[:, 1] * to[:, 0])

    return np.asarray((side(a, b, c) != side(a, b, d)) & (side(c, d, a) != side(c, d, b)))


def _on_dashes(curves: Floats) -> Floats:
    """F32[n U 2]: the points of curves F32[n T 2] that lie on their dashes."""
    return curves[:, np.arange(curves.shape[1]) / 2 % PERIOD <= DASH]


def _pixels(points: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and columns of the pixels in which points F32[... 2] lie."""
    nearest = np.rint(points).astype(np.intp)
    return nearest[..., 0], nearest[..., 1]


def _paint(images: NDArray[Any], rows: NDArray[np.intp], points: Floats, value: int, reach: int = 0) -> None:
    """Sets the pixels within `reach` of points F32[n T 2] to a value, in the images of the given rows."""
    y, x = _pixels(points)
    side = images.shape[1]
    for down, right in product(range(-reach, reach + 1), repeat=2):
        images[rows[:, None], (y + down).clip(0, side - 1), (x + right).clip(0, side - 1)] = value
