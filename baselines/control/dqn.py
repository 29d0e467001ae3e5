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
    """Plain Q-learning with eight updates for each step, the schedule of OTRainbow (Kielak, 2020), without its
    categorical values and its priorities."""

    name = "overtrained_dqn"
    from_tier = "small"
    double: bool = False
    dueling: bool = False
    updates: Annotated[int, Ge(1)] | None = 8
    n_step: Annotated[int, Ge(1)] | None = 3
