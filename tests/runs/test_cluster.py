"""Many machines, here as several workers on loopback: the same records as locally, whatever is killed."""

from collections.abc import Iterator

import pytest

from clusters import SLOW, Engine
from harness.records.record import Record
from harness.records.store import Store

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A scheduler with two workers of two runs at a time each."""
    engine = Engine.at(tmp_path_factory.mktemp("engine"))
    engine.scheduler()
    for _ in range(2):
        engine.worker("--workers", "2")
    yield engine
    engine.stop()


def untimed(record: Record) -> dict[str, object]:
    """What a record says but for times, and what depends on them."""
    said = record.model_dump(exclude={"started", "finished", "costs"})
    said["scores"] = [score for score in said["scores"] if not record.metrics[score["metric"]].timing]
    said["curve"] = [
        {name: value for name, value in point.items() if not name.endswith("_s")} for point in said["curve"]
    ]
    return said


def test_records_are_those_of_local_runs(engine: Engine) -> None:
    words = (*SLOW, "slow", "--entrant", "ppmi", "--entrant", "flyvec", "--seeds", "2")
    engine.local("here", *words)
    remote = engine.run("there", *words)
    assert remote.wait(120) == 0, engine.says(remote)
    here, there = (Store(engine.folder / name) for name in ("here", "there"))
    assert len(list(here.places())) == 6
    assert [untimed(record) for record in there.all()] == [untimed(record) for record in here.all()]
    assert there.problems == []
