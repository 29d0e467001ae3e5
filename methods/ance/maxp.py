"""ANCE on long documents: the best of their passages."""

from typing import Annotated

from annotated_types import Ge

from methods.ance.ance import Ance


class AnceMaxp(Ance):
    """ANCE (MaxP): a document is read as up to four passages, and its score is that of the best of them.

    Section 5.2 of Xiong et al. (2021). In all else it is ANCE (FirstP), which reads the first passage alone.
    """

    name = "ance_maxp"
    passages: Annotated[int, Ge(1)] = 4
