"""The documented container has the limits that the trust model promises, and runs a command that exists."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.app import app

CHECKOUT = Path(__file__).resolve().parents[2]
TRUST = (CHECKOUT / "docs" / "trust.md").read_text(encoding="utf-8")
CONTAINERFILE = (CHECKOUT / "Containerfile").read_text(encoding="utf-8")


def documented() -> list[str]:
    """The words of the documented command that runs the container."""
    (command,) = re.findall(r"^podman run (.*?)\n(?! )", TRUST.replace("\\\n", ""), flags=re.M | re.S)
    return shlex.split(command)


@pytest.mark.parametrize(
    "words",
    [("--network", "none"), ("--cap-drop", "all"), ("--read-only",), ("--memory",), ("--pids-limit",), ("--cpus",)],
)
def test_the_documented_command_limits_what_a_bundle_can_do(words: tuple[str, ...]) -> None:
    given = documented()
    assert any(tuple(given[i : i + len(words)]) == words for i in range(len(given))), given


def test_the_container_runs_no_bundle_as_root() -> None:
    assert re.search(r"^USER (?!root)\w+$", CONTAINERFILE, flags=re.M)


def test_the_documented_command_is_one_of_the_harness() -> None:
    name, *_ = documented()[documented().index("tenfold") + 1 :]
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
