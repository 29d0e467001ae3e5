"""DrQ with one choice undone."""

from typing import Annotated

from annotated_types import Ge

from methods.drq.drq import Drq


class DrqSingle(Drq):
    """DrQ [1,1]: shifts without averaging."""

    name = "drq_single"
    k: Annotated[int, Ge(1)] = 1
    m: Annotated[int, Ge(1)] = 1


class DrqSingleWide(DrqSingle):
    """DrQ [1,1] with minibatches of twice as many transitions, which take as long as two shifts of each: a control for
    averaging."""

    name = "drq_single_wide"
    from_tier = "small"
    batches: Annotated[int, Ge(1)] = 2
