"""Word pairs with human judgements of similarity or relatedness, thirteen sets."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.data import digest
from harness.data.fetch import locate

SETS = {
    "WordSim-353": "EN-WS-353-ALL.txt",
    "WordSim-353-SIM": "EN-WS-353-SIM.txt",
    "WordSim-353-REL": "EN-WS-353-REL.txt",
    "SimLex-999": "EN-SIMLEX-999.txt",
    "MEN": "EN-MEN-TR-3k.txt",
    "RG-65": "EN-RG-65.txt",
    "MC-30": "EN-MC-30.txt",
    "RW": "EN-RW-STANFORD.txt",
    "MTurk-287": "EN-MTurk-287.txt",
    "MTurk-771": "EN-MTurk-771.txt",
    "SimVerb-3500": "EN-SimVerb-3500.txt",
    "YP-130": "EN-YP-130.txt",
    "VERB-143": "EN-VERB-143.txt",
}


class Pairs(NamedTuple):
    """A set of pairs: words as published (WordSim-353 has capitals), and scores F64[pairs] on the set's own scale."""

    first: list[str]
    second: list[str]
    scores: NDArray[np.float64]


def pairs(folder: Path | None = None) -> dict[str, Pairs]:
    """All sets by their published names, with the pairs in published order."""
    folder = folder or locate("word-pairs")
    sets = {}
    for name, file in SETS.items():
        rows = [line.split() for line in (folder / file).read_text(encoding="utf-8").splitlines()]
        first, second, scores = (list(column) for column in zip(*rows, strict=True))
        sets[name] = Pairs(first, second, np.array(scores, np.float64))
    return sets


def content(folder: Path) -> str:
    """The content digest: rows of set, first word, second word, score."""
    return digest.of_rows(
        (name, *row)
        for name, (first, second, scores) in pairs(folder).items()
        for row in zip(first, second, scores.tolist(), strict=True)
    )
