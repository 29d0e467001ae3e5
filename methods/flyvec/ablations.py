"""FlyVec with one choice undone."""

from harness.run import Run
from harness.tasks.word_similarity import Corpus
from methods.flyvec.flyvec import FlyVec


class UntrainedFlyVec(FlyVec):
    """FlyVec with its initial weights: codes of random cells, without learning."""

    name = "flyvec_untrained"
    cases = ("atlas", "wikipedia", "mix")
    search_space = {}

    def fit(self, train: Corpus, run: Run, /) -> None:
        """Draws the same initial weights as the trained network's."""
        self._draw(train, run)
