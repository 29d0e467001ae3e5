"""Conformance finds an entrant whose training goes on from a checkpoint with other scores."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.checks.conformance import GOES_ON, conform
from harness.registry.find import find

SERVER = '''
"""A server with momentum."""

from harness.tasks.federated import ServerOptimizer


class Heavy(ServerOptimizer):
    """Federated averaging with momentum."""

    name = "heavy"

    def init(self, x):
        self.momentum = x.new_zeros(len(x))
        return self.momentum

    def step(self, x, delta, state):
        self.momentum = 0.9 * REMEMBERED + delta
        return x + self.momentum, self.momentum
'''


@pytest.fixture
def problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What conformance finds wrong with how the server goes on, given what it takes for the momentum so far."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))

    def found(remembered: str) -> str:
        path = tmp_path / "heavy.py"
        path.write_text(SERVER.replace("REMEMBERED", remembered))
        registry = find([path])
        results = [*conform(registry, registry.header("federated", "heavy"))]
        (problem,) = [result.problem for result in results if result.check.endswith(GOES_ON)]
        assert not [result for result in results if result.problem and not result.check.endswith(GOES_ON)]
        return problem

    return found


@pytest.mark.usefixtures("server")
def test_what_a_method_keeps_to_itself_is_found(problem: Callable[[str], str]) -> None:
    assert "after a kill it goes on to another" in problem("self.momentum")


@pytest.mark.usefixtures("server")
def test_what_the_task_keeps_for_it_is_no_problem(problem: Callable[[str], str]) -> None:
    assert problem("state") == ""
