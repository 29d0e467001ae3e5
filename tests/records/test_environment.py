"""A record says where its run happened."""

import subprocess
from pathlib import Path

import pytest

from harness.records.environment import describe_environment


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver's tool that knows one device, number 1."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\n[ "$1" = --id=1 ] && echo "Some Accelerator" || exit 6\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.usefixtures("driver")
def test_the_processor_of_a_run_is_the_device_that_computes() -> None:
    assert describe_environment("cuda:1").processor == "Some Accelerator"


@pytest.mark.usefixtures("driver")
def test_a_device_that_its_driver_does_not_know_is_named_as_it_was_asked_for() -> None:
    assert describe_environment("cuda:2").processor == "cuda:2"


def test_on_the_processor_its_model_is_named() -> None:
    environment = describe_environment()
    assert environment.processor
    assert environment.processor != "cpu"


def test_a_checkout_names_its_commit() -> None:
    head = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    expected = head.stdout.strip() if head.returncode == 0 else ""
    assert describe_environment().commit == expected
