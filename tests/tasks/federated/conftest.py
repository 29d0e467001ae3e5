"""What the tests of the task `federated` share: its card, runs, and one thread."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.core.artefacts import Cache
from harness.core.card import Card, read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.run import Run
from harness.tasks.federated import data

CARD_FILE = Path(data.__file__).with_name("task.toml")
MakeRun = Callable[..., Run]


@pytest.fixture(scope="session")
def card() -> Card:
    return read_card(CARD_FILE)


@pytest.fixture
def make_run(card: Card, tmp_path: Path) -> MakeRun:
    """`make_run("digits", seed=0, rounds=10, cohort=4)`: a smoke run with some settings changed."""

    def make(case: str = "digits", seed: int = 0, rounds: int = 10, tier: str = "smoke", **settings: Any) -> Run:
        resolved = card.resolve(tier, case)  # type: ignore[arg-type]
        return Run(
            settings={**resolved.settings, **settings},
            budget=Budget("rounds", rounds),
            streams=Streams("federated", seed),
            cache=Cache(tmp_path / "cache"),
        )

    return make


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
