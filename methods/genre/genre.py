"""GENRE: entities are found by writing their names."""

from typing import ClassVar

import numpy as np

from harness.tasks.entity_linking import Catalogue, NameGenerator


class Genre(NameGenerator):
    """Generative entity retrieval (De Cao et al., 2021): an encoder-decoder writes the name of the entity that a
    mention refers to, and a trie of names keeps its beam search to names that exist.

    As in the paper's entity disambiguation, the names are those of the mention's candidates. What the defaults follow
    of the released code, and what the options are, is said in `NameGenerator`. The paper starts from BART and generates
    one title an entity; here the network is trained from scratch, and any name of an entity may be written.
    """

    name = "genre"
    cases: ClassVar[tuple[str, ...]] = (
        "atlas",
        "atlas_titles",
        "atlas_marking",
        "diseases",
        "new_diseases",
        "index",
        "disease_index",
        "speed",
    )

    def names(self, catalogue: Catalogue, rng: np.random.Generator) -> Catalogue:
        return catalogue
