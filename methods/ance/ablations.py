"""ANCE with one choice undone."""

from typing import Annotated

from annotated_types import Ge

from methods.ance.ance import Ance


class StaticHardNegatives(Ance):
    """ANCE that never refreshes its index, as in STAR (Zhan et al., 2021).

    Its negatives are the nearest neighbours of the retriever after the warm-up.
    """

    name = "static_hard_negatives"
    search_space = {"lr": [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2], "top_k": [5, 15, 50, 200, 600]}
    refresh: Annotated[int, Ge(0)] = 0
