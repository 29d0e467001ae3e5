"""ANCE on long documents, which are scored by their best passage."""

from typing import Annotated

from annotated_types import Ge

from methods.ance.ance import Ance


class AnceMaxp(Ance):
    """ANCE (MaxP): a document is read as up to four passages, and its score is that of its best passage.

    This is section 5.2 of Xiong et al. (2021). Everything else is as in ANCE (FirstP), which reads only the first
    passage.
    """

    name = "ance_maxp"
    tuned_as = "ance"
    passages: Annotated[int, Ge(1)] = 4
