"""What the tests of generation and of its entrants share: run handles at the smoke tier, and random images."""

from pathlib import Path

import numpy as np

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.generation import Images

CARD = read_card(HARNESS / "tasks" / "generation" / "task.toml")


def make_run(cache: Path, case: str = "digits", seed: int = 0, examples: int | None = None, **settings: object) -> Run:
    """A run's handle at the smoke tier, settings replaced; `examples` replaces the budget."""
    resolved = CARD.resolve("smoke", case)
    return Run(
        settings={**resolved.settings, **settings},
        budget=resolved.budget if examples is None else Budget("examples", examples),
        streams=Streams("generation", seed),
        cache=Cache(cache),
    )


def random_images(n: int = 100, side: int = 8, levels: int = 17) -> Images:
    """Grey images whose pixels are drawn one by one."""
    pixels = np.random.default_rng(0).integers(levels, size=(n, side, side, 1), dtype=np.uint8)
    return Images(pixels, np.arange(n) % 10, 10, levels)
