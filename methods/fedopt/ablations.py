"""FedOpt with one choice undone."""

from typing import Annotated

from annotated_types import Ge, Lt

from methods.fedopt.fedopt import FedAdam, FedYogi


class FedAdamReleased(FedAdam):
    """FedAdam as in the authors' code: beta2 is 0.999, the bias is corrected, and v starts at 0."""

    name = "fedadam_released"
    from_tier = "small"
    cases = ("atlas", "newsgroups")
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    v0: Annotated[float, Ge(0)] | None = 0.0
    bias_correction: bool = True


class FedYogiReleased(FedYogi):
    """FedYogi as in the authors' code: beta2 is 0.999, the bias is corrected, and v starts at 0."""

    name = "fedyogi_released"
    from_tier = "small"
    cases = ("atlas", "newsgroups")
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    v0: Annotated[float, Ge(0)] | None = 0.0
    bias_correction: bool = True
