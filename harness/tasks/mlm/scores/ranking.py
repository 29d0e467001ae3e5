"""How a score ranks n-grams whose kind is known."""

import numpy as np

from harness.core.errors import BadOutput
from harness.core.task import checked
from harness.tasks.mlm.interface import MaskedLanguageModel
from harness.tasks.mlm.problems.text import Collocations


def planted_above_junk(system: MaskedLanguageModel, collocations: Collocations) -> float:
    """The share of the pairs of a planted phrase and a junk n-gram in which the phrase has the higher score; equal
    scores count half."""
    scores = checked("rank", system.rank(collocations.ngrams), (len(collocations.ngrams.words),))
    planted, junk = scores[collocations.is_planted], scores[collocations.is_junk]
    if not len(planted) or not len(junk):
        raise BadOutput(f"there are {len(planted)} planted and {len(junk)} junk n-grams in the text; take more text")
    above = np.sign(planted[:, None] - junk)
    return float((above + 1).mean() / 2)
