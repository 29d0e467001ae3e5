"""Every entrant of the registry conforms: dropping in a file creates its tests."""

import pytest

from harness.checks.conformance import conform
from harness.registry.find import find
from harness.registry.headers import Header

REGISTRY = find()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("header", REGISTRY.entrants.values(), ids=lambda header: f"{header.task}-{header.name}")
def test_entrant_conforms(
    header: Header, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    wrong = [f"{finding.check}: {finding.problem}" for finding in conform(REGISTRY, header) if finding.problem]
    assert not wrong


def test_nothing_in_the_registry_is_unreadable() -> None:
    assert not REGISTRY.problems
