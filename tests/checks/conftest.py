"""What the tests share that run the smoke tier in this process."""

import pytest

from harness.registry.find import find
from harness.runs.executors.isolated import IsolatedCall, prepare_server


@pytest.fixture(scope="session")
def server() -> None:
    """Starts the server that all runs of this process are forked from, with the modules of every task: it would import
    only the first task's, and the runs of the other tasks would import theirs again each time."""
    preload = {name for card in find().tasks.values() for name in card.preload}
    prepare_server(["harness.checks.conformance", *sorted(preload)])
    IsolatedCall(str, "started", limit_s=600).result()
