"""What verdicts cost apart from reading records: ten claims over 10,000 of them."""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.claims.claim import Claim
from harness.claims.verdict import judge
from harness.records.scored import Scored, scored
from toys import CARD, make_card, make_record


@pytest.fixture(scope="module")
def ten_tasks() -> Scored:
    """Ten tasks, each with 1,000 records (ten entrants x 10 cases x 10 seeds) of ten metrics."""
    numbers = range(10)
    facts = {
        "primary": "m0",
        "metrics": {f"m{i}": {"better": "higher", "unit": "share", "chance": 0.1} for i in numbers},
        "cases": [{"id": f"c{i}", "generated": "atlas"} for i in numbers],
        "tiers": {"small": {**CARD["tiers"]["small"], "cases": [f"c{i}" for i in numbers]}},
    }
    cards = [make_card(task=f"task{i}", **facts) for i in numbers]
    values = np.random.default_rng(0).random((10, 10, 10, 10, 10))
    return scored(
        make_record(f"e{e}", s, {f"m{m}": values[t, e, c, s, m] for m in numbers}, card=cards[t], case=f"c{c}")
        for t, e, c, s in np.ndindex(values.shape[:-1])
    )


def test_ten_claims_over_ten_thousand_records(benchmark: BenchmarkFixture, ten_tasks: Scored) -> None:
    """Goal: under 1 s for the verdicts on ten claims, each about the ten cases and ten seeds of a task."""
    stated = {"source": "Table 1", "tiers": ["small"], "metric": "m3", "kind": "greater", "margin": 0.02}
    sides = {"of": "e0", "over": ["e1", "e2", "e3", "e4"]}
    claims = [Claim.model_validate({"id": f"c{i}", "task": f"task{i}", **stated, **sides}) for i in range(10)]
    verdicts = benchmark.pedantic(lambda: [judge(claim, ten_tasks, "small") for claim in claims], rounds=3)
    assert all(verdict.deciding.n == 10 for verdict in verdicts)
