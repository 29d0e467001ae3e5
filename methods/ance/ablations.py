"""ANCE with one choice undone."""

from typing import Annotated

from annotated_types import Ge

from harness.tasks.retrieval import NegativeSampler
from methods.ance.ance import Ance


class StaticHardNegatives(Ance):
    """ANCE that never refreshes its index, as in STAR (Zhan et al., 2021).

    Its negatives are the nearest neighbours of the retriever after the warm-up.
    """

    name = "static_hard_negatives"
    search_space = {**NegativeSampler.search_space, "top_k": [1, 2, 5, 15, 50, 200, 1000]}
    refresh: Annotated[int, Ge(0)] = 0
