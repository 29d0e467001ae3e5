"""Every entrant of the registry conforms: dropping in a file creates its tests."""

from multiprocessing import forkserver, get_context

import pytest

from harness.checks.conformance import conform
from harness.registry.find import find
from harness.registry.headers import Header

REGISTRY = find()


@pytest.fixture(scope="module", autouse=True)
def server() -> None:
    """A process has one server that runs are forked from. It must have imported what any of the tasks preloads: what
    only the first one needs would leave all others to import the rest in every run."""
    needed = {name for card in REGISTRY.tasks.values() for name in card.preload}
    get_context("forkserver").set_forkserver_preload(["harness.checks.conformance", *sorted(needed)])
    forkserver.ensure_running()


@pytest.mark.parametrize("header", REGISTRY.entrants.values(), ids=lambda header: f"{header.task}-{header.name}")
def test_entrant_conforms(
    header: Header, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    wrong = [f"{finding.check}: {finding.problem}" for finding in conform(REGISTRY, header) if finding.problem]
    assert not wrong


def test_nothing_in_the_registry_is_unreadable() -> None:
    assert not REGISTRY.problems
