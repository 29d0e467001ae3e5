"""Q-learning without augmentation: Efficient DQN, and one that learns more from each frame."""

from typing import Annotated

import numpy as np
from annotated_types import Ge

from harness.tasks.control import AugmentedDqn, Minibatch, Views


class EfficientDqn(AugmentedDqn):
    """Double and dueling Q-learning with several steps to a target (Kostrikov et al., 2021)."""

    name = "efficient_dqn"

    def views(self, batch: Minibatch, rng: np.random.Generator) -> Views:
        return Views([batch.now.centre()], [batch.later.centre()])


class OvertrainedDqn(EfficientDqn):
    """Plain Q-learning with eight updates for each step: do more updates do what shifts do?

    It has the schedule of OTRainbow (Kielak, 2020), and is not OTRainbow: networks, rates and exploration are the
    task's, targets follow as the task's do, and neither are returns categorical nor transitions drawn by priority. With
    `atoms = 51` and `prioritised = True` both are. Data-efficient Rainbow (van Hasselt et al., 2019) besides has double
    and dueling networks and noisy layers (`noise = 0.1`), and learns once for each step.
    """

    name = "overtrained_dqn"
    from_tier = "small"
    double: bool = False
    dueling: bool = False
    updates: Annotated[int, Ge(1)] | None = 8
    n_step: Annotated[int, Ge(1)] | None = 3
