"""Fixtures that several test modules share: real data, the command, and records of a toy task made by hand."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from harness.core.card import Card
from harness.core.entrant import Entrant
from harness.core.spec import Spec
from harness.records.record import Costs, Environment, Failure, Origin, Record, RecordedScore
from harness.records.scored import scored
from harness.tables.build import View, build_tables
from harness.tables.options import TableOptions
from harness.tables.table import Table

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


@pytest.fixture
def harness(tmp_path: Path) -> Command:
    """The `harness` command in a folder of its own: `harness("run", "--tier", "smoke")` gives the finished process."""

    def command(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "harness", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "HARNESS_CACHE": str(tmp_path / "cache"), "COLUMNS": "200", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

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


Scores: TypeAlias = float | Mapping[str, float | Mapping[tuple[tuple[str, Any], ...], float]]

CARD: dict[str, Any] = {
    "task": "toy",
    "version": 1,
    "title": "Toys",
    "question": "Which toy is the best?",
    "unit": "examples",
    "primary": "accuracy",
    "points": ["shift", "L"],
    "seed_varies": "the training subset, initialisation, order",
    "settings": {"width": 8, "depth": 2},
    "metrics": {
        "accuracy": {"better": "higher", "unit": "share", "chance": 0.1, "ceiling": 1.0},
        "loss": {"better": "lower", "unit": "nats"},
        "codes": {"better": "higher", "needs": "codes"},
        "step_ms": {"better": "lower", "unit": "ms", "timing": True},
        "bytes": {"better": "lower", "unit": "bytes", "exact": True},
    },
    "cases": [
        {"id": "plain", "data": ["cards"], "at": {"n": 100}},
        {"id": "hard", "generated": "atlas", "stand_in": True, "at": {"n": 400}},
        {"id": "cost", "generated": "ramp", "exclusive": True, "primary": "step_ms"},
    ],
    "tiers": {
        "quick": {"cases": ["plain", "hard"], "seeds": 3, "budget": {"examples": 500}, "expect_s": 1, "limit_s": 9},
        "small": {
            "cases": ["plain", "hard", "cost"],
            "seeds": 3,
            "budget": {"examples": 1000},
            "expect_s": 1,
            "limit_s": 9,
            "settings": {"width": 16},
        },
    },
}


OWNERS: Mapping[str, Any] = {"costs": Costs, "environment": Environment, "origin": Origin}


def make_card(**changes: Any) -> Card:
    """The card of the toy task, some of its entries replaced."""
    return Card.model_validate({**CARD, **changes})


def make_record(entrant: str, seed: int, scores: Scores = 0.5, *, case: str = "plain", **changes: Any) -> Record:
    """A record of the toy task at tier small. `scores` is its accuracy, or values by metric (and by point).

    `changes` replace `card`, `tier`, `items` (used of 100), `settings` (those that differ from the card's) and
    fields of the record, of its spec, costs, environment and origin: whichever has the name.
    """
    card: Card = changes.pop("card", make_card())
    tier, items = changes.pop("tier", "small"), changes.pop("items", 100)
    resolved = card.resolve(tier, case)
    settings = changes.pop("settings", resolved.deviating)
    own: dict[str, dict[str, Any]] = {"spec": {}, "record": {}, **{owner: {} for owner in OWNERS}}
    for name, value in changes.items():
        owner = next((owner for owner, model in OWNERS.items() if name in model.model_fields), "record")
        own["spec" if name in set(Spec.__dataclass_fields__) - set(Record.model_fields) else owner][name] = value
    spec = Spec(
        **{
            "task": card.task,
            "version": card.version,
            "tier": tier,
            "case": case,
            "entrant": entrant,
            "seed": seed,
            "budget": resolved.budget,
            "code": "c" * 32,
            "data": f"{resolved.case.data[0]}:{'d' * 32}"
            if resolved.case.data
            else f"generated:{resolved.case.generated}",
            "settings": settings,
            **own["spec"],
        }
    )
    status = own["record"].get("status", "ok")
    return Record(
        **{
            "key": spec.key,
            "spec": spec,
            "failure": None if status == "ok" else Failure(type="RuntimeError", message="it broke\ntwice"),
            "settings": {**card.settings, **settings},
            "at": resolved.case.at,
            "generated": resolved.case.stand_in,
            "produced": f"{case}{seed}",
            "primary": resolved.primary,
            "metrics": card.metrics,
            "scores": tuple(recorded(scores, items)) if status in ("ok", "diverged") else (),
            "costs": Costs(**{"train_s": 2.0, "weights": 1200, **own["costs"]}),
            "origin": Origin(**{"kind": "baseline", **own["origin"]}),
            "environment": Environment(**{"commit": "a" * 40, **own["environment"]}),
            "status": status,
            **own["record"],
        }
    )


def recorded(scores: Scores, items: int) -> Iterator[RecordedScore]:
    """Recorded scores from values."""
    for metric, values in (scores if isinstance(scores, Mapping) else {"accuracy": scores}).items():
        for at, value in (values if isinstance(values, Mapping) else {(): values}).items():
            yield RecordedScore(metric=metric, value=value, n_used=items, n_expected=100, at=dict(at))


def make_tables(records: Iterable[Record], card: Card | None = None, **view: Any) -> list[Table]:
    """The tables of records, without notes on what was held constant unless `options` say so; `view` has the fields
    of `View`, and `expected`, `published` and `options`."""
    given = {name: view.pop(name) for name in ("expected", "published", "options") if name in view}
    given.setdefault("options", TableOptions(held={"default": ()}))
    return build_tables(scored(records), card or make_card(), View(**{"tier": "small", **view}), **given)


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
