"""The scale of colours of a heat map: from values to colours whose luminance rises towards the better ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.figures.declared import Scale
from harness.figures.heat import HeatMap

_COLOURS = "viridis"
"""Its luminance rises evenly, so that it can be read in grey and by the colour-blind."""
_LUMINANCE = 0.299, 0.587, 0.114


class Colours:
    """The colours of a heat map's values, the same in all its panels."""

    def __init__(self, sheet: HeatMap) -> None:
        import matplotlib as mpl
        from matplotlib.colors import LogNorm, Normalize

        values = [square.cell.value for square in sheet.squares if square.cell.state == "scored"]
        self._scale: Scale = sheet.declared.scale
        self._colours = mpl.colormaps[_COLOURS if sheet.better == "higher" else f"{_COLOURS}_r"]
        self._limits = _limits(values, self._scale)
        # A value that a logarithm has no place for has the colour of the least.
        self._norm = (Normalize if self._scale == "linear" else LogNorm)(*self._limits, clip=True)

    def of(self, values: NDArray[np.float64]) -> NDArray[np.uint8]:
        """F64[...] -> U8[... 4]: the colours of values, white where there is none (NaN)."""
        painted = self._colours(self._norm(np.ma.masked_invalid(values)), bytes=True)
        painted[np.isnan(values)] = 255
        return np.asarray(painted, dtype=np.uint8)

    def steps(self) -> NDArray[np.uint8]:
        """U8[n 1 4]: all colours, from the least value's to the greatest's."""
        return np.asarray(self._colours(np.linspace(0, 1, self._colours.N)[:, None], bytes=True), dtype=np.uint8)

    def on(self, value: float) -> str:
        """The colour in which text on a value's colour is read best."""
        light = np.dot(_LUMINANCE, self._colours(self._norm(value))[:3])
        return "black" if light > 0.5 else "white"

    def ticks(self) -> list[tuple[float, str]]:
        """The places of ticks along `steps`, from 0 to 1, and the values there as text."""
        from matplotlib.ticker import LogLocator, MaxNLocator

        lo, hi = self._limits
        if self._scale == "linear":
            found = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(lo, hi)
        else:
            found = LogLocator(subs=(1.0,) if hi / lo > 150 else (1.0, 2.0, 5.0)).tick_values(lo, hi)
        return [(float(self._norm(value)), f"{float(value):,.6g}") for value in found if lo <= value <= hi]


def _limits(values: Sequence[float], scale: Scale) -> tuple[float, float]:
    """The least and the greatest of values; apart, even if all are alike."""
    placed = [value for value in values if scale == "linear" or value > 0] or [1.0]
    lo, hi = min(placed), max(placed)
    apart = 0.0 if lo < hi else abs(lo) / 2 or 1.0
    return lo - apart, hi + apart
