"""Fixtures of the tests of entity linking."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.registry.headers import HARNESS
from harness.run import Run

CARD = read_card(HARNESS / "tasks" / "entity_linking" / "task.toml")


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """`smoke(case="atlas", seed=0, width=16)`: a run's handle at the smoke tier, settings replaced; artefacts are built
    once."""
    folder = tmp_path_factory.mktemp("artefacts")

    def handle(
        case: str = "atlas", seed: int = 0, tier: str = "smoke", cache: Path = folder, **settings: object
    ) -> Run:
        resolved = CARD.resolve(tier, case)
        return Run(
            settings={**resolved.settings, **settings},
            budget=resolved.budget,
            streams=Streams("entity_linking", seed),
            cache=Cache(cache),
        )

    return handle
