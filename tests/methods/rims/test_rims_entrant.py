"""RIMs as an entrant: equal weights by construction, and what its ablations undo."""

import pytest
import torch

from methods.rims.ablations import RimsAllActive, RimsSilent
from methods.rims.rims import Rims

ENTRANTS = [
    Rims(),
    Rims(variant="released"),
    Rims(cell="gru"),
    Rims(modules=9),
    Rims(input_heads=4),
    RimsAllActive(),
    RimsSilent(),
]


def count(core: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in core.parameters())


@pytest.mark.parametrize("entrant", ENTRANTS)
def test_core_is_as_wide_as_its_weights_allow(entrant: Rims) -> None:
    core = entrant.build(96, 60_000, 96)
    assert count(core) <= 60_000
    wider = entrant.build(96, 2 * 60_000, 96)
    assert wider.width > core.width
    assert count(core) > 0.75 * 60_000


def test_sizing_draws_no_random_numbers() -> None:
    torch.manual_seed(3)
    Rims().build(96, 60_000, 96)
    after_large_search = torch.rand(1)
    torch.manual_seed(3)
    core = Rims().build(96, 60_000, 96)
    torch.manual_seed(3)
    type(core)(96, core.options)
    assert torch.equal(torch.rand(1), after_large_search)


def test_the_paper_s_core_has_its_size() -> None:
    core = Rims().build(600, 1_762_400, 600)
    assert (core.options.size, core.width) == (100, 600)
    assert core.keys.shape == (1, 64, 600)
    assert core.values.shape == (1, 400, 600)
    assert core.communication.width == 32
    assert Rims(variant="released").build(600, 1_762_400, 600).communication.width == 16


def test_every_ablation_undoes_one_choice() -> None:
    everyone = RimsAllActive().build(24, 6_000, 24)
    _, state = everyone.step(torch.randn(5, 24), everyone.initial(5))
    assert state.active.all()
    assert not hasattr(RimsSilent().build(24, 6_000, 24), "communication")
