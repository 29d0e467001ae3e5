"""How entrants look: the method strongest, baselines calm, ablations dashed; alike in every figure of a task.

Colours within a kind rise in luminance, so that they differ in grey and to colour-blind readers; markers and dashes
tell apart what colour does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from matplotlib.colors import to_hex, to_rgb

from harness.core.entrant import EntrantKind

Dashes: TypeAlias = "str | tuple[float, tuple[float, ...]]"

SOFT = "#7a7a7a"
"""The colour of reference lines and their labels, which stand behind the data."""
TITLE: Mapping[str, Any] = {"fontsize": 10.5, "fontweight": "bold"}
SMALL: Mapping[str, Any] = {"fontsize": 7.5, "color": "#3a3a3a"}
FINE: Mapping[str, Any] = {"fontsize": 6.5, "color": "#5c5c5c"}
"""Properties of texts: of titles, of explanations, and of provenance and other small print."""
CHANCE: Mapping[str, Any] = {"color": SOFT, "linewidth": 1.0, "linestyle": (0, (1, 2)), "zorder": 1}
"""Properties of the line of chance."""
RING: Mapping[str, Any] = {
    "marker": "o",
    "markersize": 9,
    "markerfacecolor": "none",
    "markeredgecolor": "black",
    "markeredgewidth": 1.1,
    "linestyle": "",
    "zorder": 8,
}
"""Properties of the mark of a crossing."""


@dataclass(frozen=True)
class Style:
    """How an entrant is drawn. A `filled` marker has the line's colour inside, another is white there."""

    colour: str
    dashes: Dashes
    width: float
    marker: str
    filled: bool
    layer: int

    def line(self, *, level: bool = False) -> dict[str, Any]:
        """The properties of a line of this look; a level one has no markers."""
        return {
            "color": self.colour,
            "linestyle": self.dashes,
            "linewidth": self.width,
            "marker": "" if level else self.marker,
            "markersize": 5.6 if self.width > 2 else 4.2,
            "markerfacecolor": self.colour if self.filled else "white",
            "markeredgecolor": self.colour,
            "markeredgewidth": 0.9,
            "zorder": self.layer,
        }


_COLOURS: dict[EntrantKind, tuple[str, ...]] = {
    "method": ("#b0122a", "#dd5f78", "#7a1058"),
    "baseline": ("#22335c", "#5a3f7d", "#1f6f78", "#6b6b2a", "#4a86b8", "#7c7c7c", "#5fa883", "#b99a62"),
    "ablation": ("#7a3414", "#b3541e", "#9a6a3a", "#d9822b", "#a8768a", "#d6a35c"),
    "plugin": ("#000000", "#3d3d3d", "#6e6e6e"),
    "reference": ("#9c9c9c", "#bdbdbd", "#808080"),
}
_MARKERS: dict[EntrantKind, str] = {
    "method": "oXp",
    "baseline": "s^Dv<>hd",
    "ablation": "PXvd^s",
    "plugin": "*oD",
    "reference": "8pH",
}
_STRONGEST = 2.4
_WIDTHS: dict[EntrantKind, float] = {"method": 1.8, "baseline": 1.3, "ablation": 1.3, "plugin": 2.0, "reference": 1.0}
_LAYERS: dict[EntrantKind, int] = {"method": 3, "plugin": 4, "baseline": 5, "ablation": 6, "reference": 2}
"""Thin lines lie above thick ones, so that of lines that coincide both are seen; references lie below all."""
_DASHED: tuple[Dashes, ...] = ((0, (5, 2)), (0, (2, 1.2)), (0, (6, 1.5, 1, 1.5)))
_SOLID: tuple[Dashes, ...] = ("-", (0, (8, 1.5, 2, 1.5)), (0, (1, 1)))
"""Where colours are used up, dashes begin anew."""
_SWEPT: tuple[Dashes, ...] = ((0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 2, 1, 2, 1, 2)))
_SWEPT_MARKERS = "dv^<>s"


def styles(styled: Sequence[tuple[str, EntrantKind]]) -> dict[str, Style]:
    """A style for each label, given all labels of a task in order. An entrant with parameters that are not its defaults
    has the colour of its default, but lighter."""
    looks: dict[str, Style] = {}
    counts: dict[EntrantKind, int] = {}
    swept: dict[str, int] = {}
    plain = [(label, kind) for label, kind in styled if "[" not in label]
    bases = {label for label, _ in plain}
    # Parameters of an entrant whose default has no record stand on their own.
    alone = [(label, kind) for label, kind in styled if "[" in label and label.partition("[")[0] not in bases]
    for label, kind in (*plain, *alone):
        i = counts[kind] = counts.get(kind, -1) + 1
        colours, markers = _COLOURS[kind], _MARKERS[kind]
        rounds = _DASHED if kind == "ablation" else _SOLID
        # Neighbouring ablations have other dashes too: there are few warm colours that differ in grey.
        turn = i if kind == "ablation" else i // len(colours)
        looks[label] = Style(
            colour=colours[i % len(colours)],
            dashes=rounds[turn % len(rounds)],
            width=_WIDTHS[kind] if i or kind != "method" else _STRONGEST,
            marker=markers[i % len(markers)],
            filled=kind in ("method", "plugin"),
            layer=_LAYERS[kind],
        )
    for label, _ in styled:
        if label not in looks:
            base = looks[label.partition("[")[0]]
            i = swept[label.partition("[")[0]] = swept.get(label.partition("[")[0], -1) + 1
            looks[label] = Style(
                colour=_lighter(base.colour, 0.25 + 0.15 * (i % 3)),
                dashes=_SWEPT[i % len(_SWEPT)],
                width=1.3,
                marker=_SWEPT_MARKERS[i % len(_SWEPT_MARKERS)],
                filled=base.filled,
                layer=base.layer - 1,
            )
    return looks


def _lighter(colour: str, share: float) -> str:
    """The colour, mixed with a share of white."""
    red, green, blue = (part + (1 - part) * share for part in to_rgb(colour))
    return to_hex((red, green, blue))
