"""The recurrent baselines: as wide as they are asked to be, and the same step by step."""

import pytest
import torch

from baselines.ood_dynamics.gru import Gru
from baselines.ood_dynamics.lstm import Lstm, LstmWide
from harness.tasks.ood_dynamics import RecurrentCore

LIMIT, INPUTS = 20_000, 30


def count(module: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize("entrant", [Lstm(), Gru()])
def test_equal_weights_are_the_most_that_fit(entrant: RecurrentCore) -> None:
    core = entrant.build(INPUTS, LIMIT, 10)
    assert 0.95 * LIMIT < count(core) <= LIMIT
    assert count(type(core)(INPUTS, core.width + 1)) > LIMIT  # type: ignore[call-arg]


def test_equal_width_is_the_width_whatever_the_weights() -> None:
    core = LstmWide().build(INPUTS, 1, 77)
    assert core.width == 77
    assert core.scan(torch.zeros(2, 3, INPUTS), core.initial(2))[0].shape == (2, 3, 77)


@pytest.mark.parametrize("entrant", [Lstm(), LstmWide(), Gru()])
def test_a_fused_scan_is_its_steps(entrant: RecurrentCore) -> None:
    torch.manual_seed(0)
    core = entrant.build(INPUTS, LIMIT, 40)
    x = torch.randn(4, 6, INPUTS)
    outputs, _ = core.scan(x, core.initial(4))
    state = core.initial(4)
    for t in range(6):
        output, state = core.step(x[:, t], state)
        torch.testing.assert_close(output, outputs[:, t])
