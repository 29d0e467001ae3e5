"""The entrant: recurrent independent mechanisms, as large as a number of weights allows."""

from typing import Annotated, Literal

import numpy as np
import torch
from annotated_types import Gt

from harness.tasks.ood_dynamics import RecurrentCore, widest
from methods.rims.core import RimCore, RimOptions


class Rims(RecurrentCore):
    """Recurrent independent mechanisms (Goyal et al., 2021).

    `active` of `modules` modules, all of one size, are updated in a step: those that attend most to the input. `cell`
    are their dynamics. `input_heads` is the number of heads of the input attention; the paper's text and its authors'
    scripts have 1, its table of hyper-parameters 4. `variant`: inactive modules send to the others the state that they
    keep (`paper`), or the state that they would have if they were active, through a gate, with smaller keys, and with
    dropout and initial weights as in the authors' code (`released`).
    """

    name = "rims"
    modules: Annotated[int, Gt(0)] = 6
    active: Annotated[int, Gt(0)] = 4
    cell: Literal["lstm", "gru"] = "lstm"
    input_heads: Annotated[int, Gt(0)] = 1
    input_attention: bool = True
    communication: bool = True
    variant: Literal["paper", "released"] = "paper"

    def build(self, inputs: int, weights: int, width: int) -> RimCore:
        with torch.device("meta"):  # counts weights without drawing them
            size = widest(lambda size: _weights(RimCore(inputs, self._options(size))), weights)
        return RimCore(inputs, self._options(size))

    def activity(self, items: np.ndarray) -> np.ndarray:
        return self.trace(items)

    def _options(self, size: int) -> RimOptions:
        return RimOptions(
            modules=self.modules,
            size=size,
            active=self.active,
            cell=self.cell,
            input_heads=self.input_heads,
            input_attention=self.input_attention,
            communication=self.communication,
            variant=self.variant,
        )


def _weights(core: RimCore) -> int:
    return sum(weight.numel() for weight in core.parameters())
