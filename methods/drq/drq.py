"""DrQ: soft actor-critic from randomly shifted images."""

from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge

from harness.tasks.control import AugmentedSac, Minibatch, Views


class Drq(AugmentedSac):
    """Random shifts, with the target averaged over `k` of them and the critic's loss over `m` (DrQ [K, M]).

    `pad` is how far an image is shifted at most, in pixels; None stands for the task's setting. `loss`: the critic's
    loss is the mean over the m shifts (`paper`), or their sum (`released`, as in the authors' code, in which it is the
    sum of two critics' losses for each of two shifts).
    """

    name = "drq"
    k: Annotated[int, Ge(1)] = 2
    m: Annotated[int, Ge(1)] = 2
    pad: Annotated[int, Ge(0)] | None = None
    loss: Literal["paper", "released"] = "paper"

    def padding(self, pad: int) -> int:
        return pad if self.pad is None else self.pad

    def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        now = [batch.now.crop_at_random(rng) for _ in range(self.m)]
        later = [batch.later.crop_at_random(rng) for _ in range(self.k)]
        return Views(now, later, scale=self.m if self.loss == "released" else 1)
