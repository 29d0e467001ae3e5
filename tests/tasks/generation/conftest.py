"""Fixtures of the generation task's tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.registry.headers import HARNESS
from harness.run import Run

CARD = read_card(HARNESS / "tasks" / "generation" / "task.toml")


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """`smoke("digits", seed=0, width=32)`: a run's handle at the smoke tier, settings replaced; artefacts are built
    once. `examples` replaces the budget."""
    folder = tmp_path_factory.mktemp("artefacts")

    def handle(case: str = "digits", seed: int = 0, examples: int | None = None, **settings: object) -> Run:
        resolved = CARD.resolve("smoke", case)
        return Run(
            settings={**resolved.settings, **settings},
            budget=resolved.budget if examples is None else Budget("examples", examples),
            streams=Streams("generation", seed),
            cache=Cache(Path(folder)),
        )

    return handle
