"""Fixtures of the generation task's tests."""

from collections.abc import Callable
from functools import partial

import pytest

from generated import make_run
from harness.run import Run


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """`smoke("digits", seed=0, width=32)`: a run's handle at the smoke tier; artefacts are built once."""
    return partial(make_run, tmp_path_factory.mktemp("artefacts"))
