"""Fixtures that several test modules share: real data, the command, and what is made of a toy task."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.core.card import Card
from harness.core.entrant import Entrant
from harness.records.record import Record
from harness.tables.table import Table
from toys import make_card, make_record, make_tables

CHECKOUT = Path(__file__).resolve().parents[1]

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Entrants are named alike in every worker process; their default ids are addresses."""
    return val.name if isinstance(val, Entrant) else None


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of real data sets: `$HARNESS_MIRROR`, else `../shared/data` beside the checkout; skips without."""
    folder = Path(os.environ.get("HARNESS_MIRROR") or CHECKOUT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("real data is absent: set HARNESS_MIRROR to a mirror folder of the data sets")
    monkeypatch.setenv("HARNESS_MIRROR", str(folder))
    return folder


@pytest.fixture(scope="session")
def harness_in() -> Callable[[Path], Command]:
    """The `harness` command in a folder: `harness_in(folder)("run", "--tier", "smoke")` gives the finished process."""

    def bound(folder: Path) -> Command:
        def command(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                # -P: as for the installed command, modules in the folder are not found.
                [sys.executable, "-P", "-m", "harness", *map(str, words)],
                cwd=folder,
                env={**os.environ, "HARNESS_CACHE": str(folder / "cache"), "COLUMNS": "200", **environment},
                capture_output=True,
                text=True,
                check=False,
                timeout=240,
            )

        return command

    return bound


@pytest.fixture
def harness(harness_in: Callable[[Path], Command], tmp_path: Path) -> Command:
    """The `harness` command in the test's own folder."""
    return harness_in(tmp_path)


@pytest.fixture
def verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The `harness` command as above, but in this process, which takes a fraction of the time: for verbs that start no
    runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, words)])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(sys.argv, int(exit_.value.code or 0), out, err)

    return command


@pytest.fixture(scope="session")
def install() -> Callable[[Path, Path], None]:
    """Installs a project, as it stands, into a folder. Nothing is downloaded."""

    def installed(project: Path, site: Path) -> None:
        words = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target"]
        command = [sys.executable, "-m", "pip", "install", *words, site, project]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    return installed


@pytest.fixture(scope="session")
def task_package(install: Callable[[Path, Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the fixture package `fixture_sea` is installed in; it brings the task `tides`."""
    folder = tmp_path_factory.mktemp("task_package")
    install(shutil.copytree(CHECKOUT / "tests" / "fixtures" / "task_package", folder / "project"), folder / "site")
    return folder / "site"


@pytest.fixture
def harness_with(harness: Command) -> Callable[[Path], Command]:
    """Makes the `harness` command where what a folder holds is installed, too."""

    def command(site: Path) -> Command:
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
        return lambda *words: harness(*words, PYTHONPATH=path)

    return command


@pytest.fixture
def sea_site(task_package: Path, tmp_path: Path) -> Path:
    """A copy of the installed fixture package that may be edited."""
    return Path(shutil.copytree(task_package, tmp_path / "site"))


@pytest.fixture
def sea(harness_with: Callable[[Path], Command], sea_site: Path) -> Command:
    """The `harness` command with the fixture package."""
    return harness_with(sea_site)


@pytest.fixture
def card() -> Callable[..., Card]:
    """Makes cards of the toy task."""
    return make_card


@pytest.fixture
def record() -> Callable[..., Record]:
    """Makes records of the toy task."""
    return make_record


@pytest.fixture
def tables() -> Callable[..., list[Table]]:
    """Makes tables from records."""
    return make_tables
