"""What the tests share that run the smoke tier in this process."""

from multiprocessing import forkserver, get_context

import pytest

from harness.registry.find import find


@pytest.fixture(scope="session")
def server() -> None:
    """A process has one server that runs are forked from. It must have imported what any of the tasks preloads: what
    only the first one needs would leave all others to import the rest in every run."""
    needed = {name for card in find().tasks.values() for name in card.preload}
    get_context("forkserver").set_forkserver_preload(["harness.checks.conformance", *sorted(needed)])
    forkserver.ensure_running()
