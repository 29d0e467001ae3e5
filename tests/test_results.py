"""The committed tables and verdicts are what the committed records say."""

from pathlib import Path

import pytest

from harness.store import Store

RESULTS = Path(__file__).resolve().parents[1] / "results"


@pytest.mark.parametrize("tier", ["quick", "small"])
@pytest.mark.parametrize("verb", ["table", "claims"])
def test_what_is_committed_is_what_the_records_say(harness, verb: str, tier: str) -> None:  # type: ignore[no-untyped-def]
    done = harness(verb, "--tier", tier, "--results", RESULTS, "--check")
    assert done.returncode == 0, done.stderr


def test_every_committed_record_is_sound_and_of_committed_code() -> None:
    store = Store(RESULTS)
    records = list(store.all())
    assert records
    assert store.problems == []
    assert [record.spec.place for record in records if record.environment.dirty or not record.environment.commit] == []
