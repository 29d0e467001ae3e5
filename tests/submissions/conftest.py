"""An honest bundle of a throw-away plug-in, made once by the commands that a submitter gives."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bundles import CLAIM, ENTRANT, PLUGIN, OpenBundle

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SMOKE = ("--task", "tides", "--tier", "smoke", "--plugin", f"{ENTRANT}.py")


class Submitted(NamedTuple):
    """What the submitter has: an installed package with a task, whose entrants were tuned, and a bundle."""

    site: Path
    bundle: Path
    said: str


@pytest.fixture(scope="session")
def submitted(
    task_package: Path, harness_in: Callable[[Path], Command], tmp_path_factory: pytest.TempPathFactory
) -> Submitted:
    """The bundle of a plug-in that was tuned as the task's own entrants were."""
    folder = tmp_path_factory.mktemp("submitter")
    site = Path(shutil.copytree(task_package, tmp_path_factory.mktemp("installed") / "site"))
    paper = site / "fixture_sea" / "harmonics" / "paper.toml"
    paper.write_text(f'awaited = ["{ENTRANT}"]\n{paper.read_text()}{CLAIM}')
    (folder / f"{ENTRANT}.py").write_text(PLUGIN)
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    said = ""
    for words in (
        ("tune", *SMOKE, "--trials", 3),
        ("run", *SMOKE, "--no-table"),
        ("submit", "--entrant", ENTRANT, "--plugin", f"{ENTRANT}.py", "--out", "waves.zip", "--trained-on", "nothing"),
    ):
        done = harness_in(folder)(*words, PYTHONPATH=path)
        assert done.returncode == 0, done.stderr
        said = done.stdout
    return Submitted(site, folder / "waves.zip", said)


@pytest.fixture
def bundle(submitted: Submitted, tmp_path: Path) -> Path:
    """A copy of the honest bundle, in the folder of a verifier."""
    return Path(shutil.copy(submitted.bundle, tmp_path / "waves.zip"))


@pytest.fixture
def opened(bundle: Path, tmp_path: Path) -> OpenBundle:
    """The honest bundle, taken apart."""
    return OpenBundle(bundle, tmp_path / "opened")


@pytest.fixture
def tell(verb: Command, submitted: Submitted, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command of a verifier who has the task, too; for verbs that start no runs."""
    monkeypatch.syspath_prepend(submitted.site)
    return verb


@pytest.fixture
def sea_of_verifier(harness: Command, submitted: Submitted) -> Command:
    """The same command in a process of its own."""
    path = os.pathsep.join(filter(None, [str(submitted.site), os.environ.get("PYTHONPATH", "")]))
    return lambda *words: harness(*words, PYTHONPATH=path)
