"""Score SDEs with one choice undone. What samplers do is compared within a run, without training again."""

from typing import Literal

from methods.score_sde.score_sde import VpScoreSde


class VpLikelihoodWeighted(VpScoreSde):
    """VP whose loss is weighted by the squared diffusion instead of the variance of the noise."""

    name = "vp_sde_likelihood"
    from_tier = "small"
    cases = ("digits", "clothes", "cifar10")
    weighting: Literal["simple", "likelihood"] = "likelihood"
