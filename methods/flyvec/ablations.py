"""FlyVec with one choice undone."""

from harness.run import Run
from harness.tasks.word_similarity import Corpus
from methods.flyvec.flyvec import FlyVec


class UntrainedFlyVec(FlyVec):
    """FlyVec with the weights it starts from: what codes of random cells are worth"""

    name = "flyvec_untrained"
    cases = ("atlas", "wikipedia", "mix")
    search_space = {}

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Draws the cells' weights, the same as the trained network's."""
        self._draw(train, run)
