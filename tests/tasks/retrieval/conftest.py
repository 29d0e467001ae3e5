"""Fixtures of the retrieval task's tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.registry.headers import HARNESS
from harness.run import Run

CARD = read_card(HARNESS / "tasks" / "retrieval" / "task.toml")


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """`smoke(seed=0, width=32)`: a run's handle at the smoke tier, settings replaced; artefacts are built once."""
    folder = tmp_path_factory.mktemp("artefacts")

    def handle(seed: int = 0, cache: Path = folder, **settings: object) -> Run:
        resolved = CARD.resolve("smoke", "atlas")
        return Run(
            settings={**resolved.settings, **settings},
            budget=resolved.budget,
            streams=Streams("retrieval", seed),
            cache=Cache(cache),
        )

    return handle
