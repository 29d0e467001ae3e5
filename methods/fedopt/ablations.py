"""FedOpt with one choice undone."""

from typing import Annotated

from annotated_types import Ge, Lt

from methods.fedopt.fedopt import FedAdam, FedYogi


class FedAdamReleased(FedAdam):
    """FedAdam as its authors' code has it: beta2 0.999, bias corrected, v from 0."""

    name = "fedadam_released"
    from_tier = "small"
    cases = ("atlas", "newsgroups")
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    v0: Annotated[float, Ge(0)] | None = 0.0
    bias_correction: bool = True


class FedYogiReleased(FedYogi):
    """FedYogi as its authors' code has it: beta2 0.999, bias corrected, v from 0."""

    name = "fedyogi_released"
    from_tier = "small"
    cases = ("atlas", "newsgroups")
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    v0: Annotated[float, Ge(0)] | None = 0.0
    bias_correction: bool = True
