"""Fixtures of the control task's tests."""

from collections.abc import Callable

import pytest

from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.registry.headers import HARNESS
from harness.run import Run

CARD = read_card(HARNESS / "tasks" / "control" / "task.toml")


@pytest.fixture(scope="session")
def smoke() -> Callable[..., Run]:
    """`smoke("reach", seed=0, frames=60, side=12)`: a run's handle at the smoke tier, settings replaced."""

    def handle(case: str, seed: int = 0, frames: int | None = None, **settings: object) -> Run:
        resolved = CARD.resolve("smoke", case)
        return Run(
            settings={**resolved.settings, **settings},
            budget=resolved.budget if frames is None else Budget("frames", frames),
            streams=Streams("control", seed),
        )

    return handle
