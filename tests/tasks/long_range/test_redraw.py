"""Random parts of attention are drawn anew every so many training passes, and never before the first."""

import pytest
import torch
from torch import nn

from harness.tasks.long_range import is_redraw_due


@pytest.mark.parametrize(("every", "due"), [(0, []), (1, [1, 2, 3, 4]), (2, [2, 4]), (9, [])])
def test_a_redraw_is_due_after_every_interval_of_training_passes(every: int, due: list[int]) -> None:
    module, passes = nn.Module().train(), torch.zeros((), dtype=torch.int64)
    assert [i for i in range(5) if is_redraw_due(module, passes, every)] == due
    assert passes == (5 if every else 0)


def test_evaluation_does_not_count() -> None:
    passes = torch.ones((), dtype=torch.int64)
    assert not is_redraw_due(nn.Module().eval(), passes, 1)
    assert passes == 1
