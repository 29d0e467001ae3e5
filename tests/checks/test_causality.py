"""What a causal attention gives at a position does not depend on later positions: not in a single bit."""

import pytest
import torch
from torch import Tensor, nn

from harness.registry.find import find, load_entrant
from harness.registry.headers import Header

REGISTRY = find()
ATTENTIONS = [header for header in REGISTRY.entrants.values() if header.component == "Attention"]
BIDIRECTIONAL = {"linformer", "bigbird"}
"""Attentions that have no causal form, and say so."""
LEAKS = {"reformer": "sorted positions are cut into chunks, as published: how later ones hash moves earlier ones"}
"""Attentions that are causal in what they mix, but not in which of it is in reach; and why."""
HEADS, DIMENSION, LENGTH = 2, 16, 300
"""More positions than the attentions process in a block."""


@pytest.fixture(params=ATTENTIONS, ids=lambda header: header.name)
def module(request: pytest.FixtureRequest) -> nn.Module:
    """A causal attention of each entrant."""
    header: Header = request.param
    torch.manual_seed(0)
    entrant = load_entrant(header)()
    if header.name in BIDIRECTIONAL:
        with pytest.raises(ValueError, match="no causal form"):
            entrant.build(HEADS * DIMENSION, HEADS, LENGTH, causal=True)  # type: ignore[attr-defined]
        pytest.skip("it has no causal form")
    if header.name in LEAKS:
        request.applymarker(pytest.mark.xfail(reason=LEAKS[header.name], strict=True))
    built: nn.Module = entrant.build(HEADS * DIMENSION, HEADS, LENGTH, causal=True)  # type: ignore[attr-defined]
    return built.eval()


def drawn(scale: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Queries and keys of this scale, and values."""
    q, k, v = torch.randn(3, 1, HEADS, LENGTH, DIMENSION, generator=torch.Generator().manual_seed(seed))
    return scale * q, scale * k, v


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_later_positions_change_no_bit_of_earlier_ones(module: nn.Module, scale: float) -> None:
    keep = torch.ones(1, LENGTH, dtype=torch.bool)
    first, other = drawn(scale, 1), drawn(2 * scale, 2)
    with torch.no_grad():
        before = module(*first, keep)
        for last in (1, 100, 128, 250):
            mixed = [torch.cat([x[:, :, :last], y[:, :, last:]], dim=2) for x, y in zip(first, other, strict=True)]
            after = module(*mixed, keep)
            assert torch.equal(after[:, :, :last], before[:, :, :last])
            assert not torch.allclose(after[:, :, last:], before[:, :, last:], atol=1e-2)
