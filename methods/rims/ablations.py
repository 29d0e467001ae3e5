"""RIMs with one choice undone."""

from typing import Annotated

from annotated_types import Gt

from methods.rims.rims import Rims


class RimsAllActive(Rims):
    """RIMs that are all active in every step, so that attention selects nothing (k_A = k_T)."""

    name = "rims_all_active"
    from_tier = "small"
    cases = ("copying", "mnist")
    active: Annotated[int, Gt(0)] = 6


class RimsSilent(Rims):
    """RIMs that do not communicate."""

    name = "rims_silent"
    from_tier = "small"
    cases = ("copying",)
    communication: bool = False
