"""Fixtures of the tests of the task `mlm`."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.task import Problem
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.task import Mlm

TASK = Mlm(read_card(HARNESS / "tasks" / "mlm" / "task.toml"))


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """`smoke(case="atlas", seed=0, width=16)`: a run's handle at the smoke tier, settings replaced."""
    folder = tmp_path_factory.mktemp("artefacts")

    def handle(case: str = "atlas", seed: int = 0, **settings: object) -> Run:
        resolved = TASK.card.resolve("smoke", case)
        return Run(
            settings={**resolved.settings, **settings},
            budget=resolved.budget,
            streams=Streams("mlm", seed),
            cache=Cache(folder),
        )

    return handle


@pytest.fixture(scope="session")
def problem(smoke: Callable[..., Run]) -> Problem:
    """The smoke tier's problem on Atlas."""
    return TASK.problem("atlas", smoke())


@pytest.fixture
def blocks() -> Callable[..., Blocks]:
    """`blocks([2, 1], [3])`: a block a list, whose words have so many pieces; the pieces are numbered from 5 on."""

    def make(*rows: list[int]) -> Blocks:
        length = max(map(sum, rows)) + 3
        tokens = np.zeros((len(rows), length), np.int32)
        words = np.full((len(rows), length), -1, np.int32)
        word, piece = 0, 5
        for row, sizes in enumerate(rows):
            total = sum(sizes)
            tokens[row, : total + 2] = [2, *range(piece, piece + total), 3]
            words[row, 1 : total + 1] = word + np.arange(len(sizes)).repeat(sizes)
            word, piece = word + len(sizes), piece + total
        return Blocks(tokens, words)

    return make
