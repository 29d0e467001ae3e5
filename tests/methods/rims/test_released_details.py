"""The released variant of RIMs: initial weights and dropout as in the authors' code."""

from typing import Literal

import pytest
import torch
from torch import nn

from methods.rims.communication import Communication
from methods.rims.core import RimCore, RimOptions
from methods.rims.details import DETAILS
from methods.rims.dynamics import GruCells

MODULES, SIZE, INPUTS = 6, 40, 50
RELEASED = DETAILS["released"]


def built(cell: Literal["lstm", "gru"] = "lstm", size: int = SIZE) -> RimCore:
    torch.manual_seed(0)
    return RimCore(INPUTS, RimOptions(MODULES, size, active=4, cell=cell, variant="released"))


def test_attentions_start_from_small_normal_weights() -> None:
    core = built()
    sent = core.communication
    for weight in (core.values, core.keys, core.queries, sent.query, sent.key_value):
        assert weight.std().item() == pytest.approx(0.01, rel=0.05)
        assert weight.abs().max() > 0.025  # not uniform, whose greatest number is 0.0173


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_cells_start_from_the_weights_of_one_torch_cell_as_large_as_all_modules(cell: Literal["lstm", "gru"]) -> None:
    core, bound = built(cell), (MODULES * SIZE) ** -0.5
    peer = (nn.LSTMCell if cell == "lstm" else nn.GRUCell)(4 * SIZE * MODULES, SIZE * MODULES)
    for weight in (core.input_weights, core.recurrent_weights):
        assert bound * 0.99 < weight.abs().max() <= bound
        assert weight.std().item() == pytest.approx(peer.weight_hh.std().item(), rel=0.02)
    alone, together = core.bias[:, 2 * SIZE :], core.bias[:, : 2 * SIZE]
    if isinstance(core.cells, GruCells):
        peers_alone = peer.bias_ih[2 * SIZE * MODULES :]
        for bias in (alone, core.cells.bias):
            assert bias.std().item() == pytest.approx(peers_alone.std().item(), rel=0.15)
    else:
        together = core.bias
    assert together.std().item() == pytest.approx((peer.bias_ih + peer.bias_hh).std().item(), rel=0.15)
    assert bound < together.abs().max() <= 2 * bound


def test_single_numbers_that_a_module_reads_are_dropped_in_training() -> None:
    core, x = built(size=10), torch.randn(3, INPUTS, 64)
    with torch.no_grad():
        # With such weights the gates are the numbers that are read.
        core.input_weights.copy_(torch.eye(40).expand(MODULES, 40, 40))
        read, whole = core.train()._readings(x), core.eval()._readings(x)
    dropped = read == 0
    assert dropped.float().mean().item() == pytest.approx(RELEASED.dropout, abs=0.01)
    torch.testing.assert_close(read[~dropped], whole[~dropped] / (1 - RELEASED.dropout))
    assert not torch.equal(dropped[:, :, 0], dropped[:, :, 1])  # modules drop different numbers


def test_what_is_read_from_others_is_dropped_before_the_tangent_and_the_gate() -> None:
    torch.manual_seed(0)
    sent = Communication(MODULES, SIZE, 4, RELEASED)
    with torch.no_grad():
        for weight in sent.parameters():
            weight.copy_(torch.randn_like(weight) * 0.2)
        sent.gate.weight.zero_()
        sent.gate.bias.fill_(50.0)  # an open gate
        states = torch.randn(2, MODULES, SIZE, 64)
        active = torch.ones(MODULES, SIZE, 64, dtype=torch.bool)
        read, whole = sent.train()(*states, active), sent.eval()(*states, active)
    dropped = read == 0
    assert dropped.float().mean().item() == pytest.approx(RELEASED.dropout, abs=0.01)
    scaled = (whole.double().atanh() / (1 - RELEASED.dropout)).tanh().float()
    torch.testing.assert_close(read[~dropped], scaled[~dropped], atol=1e-4, rtol=1e-4)
