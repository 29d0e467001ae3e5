"""Every entrant of the registry conforms: dropping in a file creates its tests."""

import pytest

from harness.checks.conformance import conform
from harness.registry.find import find
from harness.registry.headers import Header
from harness.runs.executors.isolated import IsolatedCall, prepare_server

REGISTRY = find()


@pytest.fixture(scope="module", autouse=True)
def server() -> None:
    """Starts the server that all runs of this process are forked from, with the modules of every task: it would import
    only the first task's, and the runs of the other tasks would import theirs again each time."""
    preload = {name for card in REGISTRY.tasks.values() for name in card.preload}
    prepare_server(["harness.checks.conformance", *sorted(preload)])
    IsolatedCall(str, "started", limit_s=600).result()


@pytest.mark.parametrize("header", REGISTRY.entrants.values(), ids=lambda header: f"{header.task}-{header.name}")
def test_entrant_conforms(
    header: Header, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    wrong = [f"{finding.check}: {finding.problem}" for finding in conform(REGISTRY, header) if finding.problem]
    assert not wrong


def test_nothing_in_the_registry_is_unreadable() -> None:
    assert not REGISTRY.problems
