"""How much the attacks try: the short form, or the long one where HARNESS_ATTACKS is `long` (`tox -e attacks`)."""

import os
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


@pytest.fixture(scope="session")
def by_form() -> Callable[[T, T], T]:
    """Chooses between what the short form tries and what the long one does."""
    return lambda short, long: long if os.environ.get("HARNESS_ATTACKS") == "long" else short
