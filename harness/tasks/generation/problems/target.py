"""`Target`: what generated images are compared with."""

from dataclasses import dataclass

from harness.tasks.generation.problems.images import Images
from harness.tasks.generation.problems.mixture import Mixture


@dataclass(frozen=True)
class Target:
    """What a generator of images is measured on.

    `learned` are the images that it learned from, from which the harness's own classifiers learn, too. Distances are to
    the `real` images, and `chance` is the Frechet distance of a guess. `unseen` images are encoded, completed, and
    given a likelihood. Only a `thorough` measurement goes beyond the quality of the images.
    """

    learned: Images
    real: Images
    unseen: Images
    chance: float
    thorough: bool


@dataclass(frozen=True)
class ExactTarget:
    """What samplers are measured on where the score is known."""

    mixture: Mixture
