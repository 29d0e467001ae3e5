"""Every tier's settings: networks are built, weights counted, and a step of training and one of sampling taken."""

from collections.abc import Callable

import numpy as np
import pytest

from baselines.generation.ddpm import Ddpm
from baselines.generation.gan import Gan
from baselines.generation.ncsn import Ncsn
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import TIERS, Budget
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.generation import ImageGenerator, Images, network_weights
from methods.score_sde.score_sde import SubVpScoreSde, VeScoreSde, VpScoreSde

CARD = read_card(HARNESS / "tasks" / "generation" / "task.toml")
CASES = [
    (resolved.tier, resolved.case.id) for tier in TIERS for resolved in CARD.at_tier(tier) if resolved.budget.total
]


@pytest.mark.parametrize(("tier", "case"), CASES)
@pytest.mark.parametrize("entrant", [VpScoreSde, VeScoreSde, SubVpScoreSde, Ddpm, Ncsn, Gan])
def test_a_step_of_training_and_of_sampling(tier: str, case: str, entrant: Callable[[], ImageGenerator]) -> None:
    resolved = CARD.resolve(tier, case)
    settings = dict(resolved.settings)
    shape = (settings["side"], settings["side"], 3 if case == "cifar10" else 1)
    if tier in ("large", "paper"):
        # The same layers, narrower: a step at full width takes half a minute.
        assert network_weights(shape, settings) > 5_000_000
        settings |= {"width": 8}
    settings |= {"batch": 2, "evaluations": 12, "sample_batch": 2}
    run = Run(settings=settings, budget=Budget("examples", 2), streams=Streams("generation", 0))
    pixels = np.random.default_rng(0).integers(256, size=(4, *shape), dtype=np.uint8)
    system = entrant()
    system.fit(Images(pixels, np.arange(4), 10), run)
    samples = system.generate(2, run)
    assert run.spent == 2
    assert system.weights() > 0
    assert samples.values.shape == (2, *shape)
    assert np.isfinite(samples.values).all()
