"""The metrics of linking, and the values that guessing among the candidates is expected to have."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.core.errors import BadOutput
from harness.core.task import checked
from harness.tasks.entity_linking.problems.mentions import I64, INVALID, NIL, Candidates, Linked, Mask
from harness.tasks.entity_linking.problems.passages import Links

F64 = NDArray[np.float64]


class MicroF1(NamedTuple):
    """Micro-averaged precision, recall and F1, from numbers of right, predicted and gold links."""

    right: int
    n_pred: int
    n_gold: int

    @property
    def precision(self) -> float:
        """The share of the predicted links that are right; 0 if nothing was predicted."""
        return self.right / self.n_pred if self.n_pred else 0.0

    @property
    def recall(self) -> float:
        """The share of the gold links that were predicted."""
        return self.right / self.n_gold

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.right / (self.n_pred + self.n_gold)


def micro_f1(predicted: I64, gold: I64) -> MicroF1:
    """Of mentions with one predicted and one gold entity each, I64[n].

    As in the released evaluation, a prediction NIL is no link: it is left out of precision's denominator, and recall
    is over all gold links. INVALID is a wrong link. Raises `ValueError` if there is no gold link.
    """
    is_gold = gold != NIL
    if not is_gold.any():
        raise ValueError("F1 is not defined without gold links")
    return MicroF1(int((is_gold & (predicted == gold)).sum()), int((predicted != NIL).sum()), int(is_gold.sum()))


def link_f1(predicted: Links, gold: Links) -> MicroF1:
    """Of links in texts; a link is right if its span and its entity are. Raises `ValueError` if there is no gold
    link."""
    if not len(gold.entity):
        raise ValueError("F1 is not defined without gold links")
    return MicroF1(len(predicted.rows() & gold.rows()), len(predicted.rows()), len(gold.rows()))


def check_links(links: Links, texts: Sequence[str], entities: int) -> None:
    """Raise `BadOutput` unless every link is a span of its text with an entity of the catalogue, and none overlap."""
    columns = [checked(f"mark ({name})", column, (None,), "i") for name, column in links._asdict().items()]
    document, start, stop, entity = (column.astype(np.int64) for column in columns)
    if len({len(column) for column in columns}) > 1:
        raise BadOutput(f"mark returned columns of {[len(column) for column in columns]} links; all must be equal")
    if not len(document):
        return
    if document.min() < 0 or document.max() >= len(texts) or entity.min() < 0 or entity.max() >= entities:
        raise BadOutput(f"mark returned texts outside 0 ... {len(texts) - 1} or entities outside 0 ... {entities - 1}")
    order = np.lexsort((start, document))
    document, start, stop = document[order], start[order], stop[order]
    overlaps = (document[1:] == document[:-1]) & (start[1:] < stop[:-1])
    if overlaps.any() or ((start < 0) | (start >= stop)).any() or (stop > [len(texts[i]) for i in document]).any():
        raise BadOutput("mark returned spans that are empty, outside their text, or that overlap")


def right_within(ranked: I64, gold: I64, k: int) -> F64:
    """F64[n]: 1 where the gold entity is among the first k of a ranking I64[n m], else 0."""
    right: F64 = (ranked[:, :k] == gold[:, None]).any(axis=1).astype(np.float64)
    return right


def by_guessing(split: Linked, k: int) -> F64:
    """F64[n]: the probability that the gold entity is among k different entities that are drawn from the mention's
    candidates; from the whole catalogue, where there are no candidate sets or the mention's is empty."""
    everything = np.full(len(split.entities), min(1.0, k / split.catalogue.entities))
    candidates = split.mentions.candidates
    if candidates is None:
        return everything
    sizes = np.diff(candidates.ends)
    has_gold = holds(candidates, split.entities)
    guessed: F64 = np.where(sizes > 0, has_gold * np.minimum(1.0, k / np.maximum(sizes, 1)), everything)
    return guessed


def holds(candidates: Candidates, entities: I64) -> Mask:
    """Bool[n]: whether each mention's entity I64[n] is among its candidates."""
    is_gold = candidates.entities == entities[candidates.mentions]
    return np.bincount(candidates.mentions[is_gold], minlength=len(entities)) > 0


def check_ranking(ranked: I64, entities: int) -> None:
    """Raise `BadOutput` unless every row has distinct entities of the catalogue (or INVALID), followed only by NIL."""
    if outside := int(((ranked < INVALID) | (ranked >= entities)).sum()):
        raise BadOutput(f"link returned {outside} entries outside -2 ... {entities - 1} (-1: NIL, -2: no name)")
    if ((ranked[:, :-1] == NIL) & (ranked[:, 1:] != NIL)).any():
        raise BadOutput("link returned entities after a -1, which means that there is no further one")
    ordered = np.sort(ranked, axis=1)
    is_repeated = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)
    if is_repeated.any():
        raise BadOutput(
            f"link returned an entity twice for {is_repeated.sum()} mentions (first: {is_repeated.argmax()})"
        )
