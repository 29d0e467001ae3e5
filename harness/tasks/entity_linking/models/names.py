"""`NameIndex`: the names that a generator may write, and which entity each of them stands for."""

from typing import NamedTuple

import numpy as np

from harness.core.errors import BadOutput
from harness.core.task import checked, checked_instance
from harness.tasks.entity_linking.models.allowed import AnyText, TrieNames
from harness.tasks.entity_linking.models.beams import Beams
from harness.tasks.entity_linking.models.trie import Trie
from harness.tasks.entity_linking.problems.mentions import I64, NIL, Candidates, Catalogue
from harness.tasks.entity_linking.problems.tokens import I32


class NameIndex:
    """The names of a catalogue, as tokens I32[names L] that end with END and are padded with 0, and their trie.

    Names with equal tokens stand for the entity whose name comes first, so for one whose preferred name it is before
    others.
    """

    def __init__(self, catalogue: Catalogue, tokens: I32) -> None:
        self.catalogue = catalogue
        self.tokens = tokens
        self.trie = Trie.of(tokens, catalogue.owners)

    def all_names(self, texts: int, *, renormalise: bool) -> TrieNames:
        """For each of n texts, the names of all entities."""
        return TrieNames(self.trie, np.zeros(texts, np.int64), renormalise=renormalise)

    def names_of(self, candidates: Candidates, *, renormalise: bool) -> TrieNames:
        """For each of n texts, the names of its candidates."""
        entry, rows = self.catalogue.names_of(candidates.entities)
        texts = candidates.mentions[entry]
        order = np.lexsort((rows, texts))  # so that the order of candidates changes nothing
        rows, texts = rows[order], texts[order]
        count = len(candidates.ends) - 1
        trie = Trie.of(self.tokens[rows], self.catalogue.owners[rows], texts, count)
        return TrieNames(trie, np.arange(count), renormalise=renormalise)

    def entities(self, beams: Beams, allowed: TrieNames | AnyText) -> I64:
        """I64[h]: the entity that each beam names; INVALID for what is no name."""
        return (
            self.trie.find(beams.tokens) if isinstance(allowed, AnyText) else allowed.trie.value_at(beams.state[:, 0])
        )


def check_names(names: Catalogue, catalogue: Catalogue) -> Catalogue:
    """The names that a generator gives to the entities of a catalogue. Raises `BadOutput` unless every entity has one,
    and no other entity."""
    checked_instance("names", names, Catalogue)
    owners = checked("names (owners)", names.owners, (len(names.names),), "i")
    if names.entities != catalogue.entities or not np.array_equal(np.unique(owners), np.arange(catalogue.entities)):
        what = f"{names.entities} entities, of which {len(np.unique(owners))} have names"
        raise BadOutput(
            f"names returned a catalogue of {what}, the task needs the same {catalogue.entities}, all named"
        )
    if not all(isinstance(name, str) and name.strip() for name in names.names):
        raise BadOutput("names returned a name that is empty or no text")
    return names


class Written(NamedTuple):
    """What a search has found for some mentions: the beams, and the entity I64[h] that each of them names, or
    INVALID."""

    beams: Beams
    entities: I64


def ranked_entities(written: Written, texts: int, k: int) -> I64:
    """I64[texts k]: the entities that are named, those of the best beams first, each of them once; then NIL."""
    beams, entities = written
    _, first = np.unique(np.column_stack((beams.text, entities)), axis=0, return_index=True)
    first.sort()
    text = beams.text[first]
    place = np.arange(len(first)) - np.searchsorted(text, text)
    ranked = np.full((texts, k), NIL, np.int64)
    ranked[text[place < k], place[place < k]] = entities[first][place < k]
    return ranked
