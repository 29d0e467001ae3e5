"""Partitions of labelled examples among clients whose labels differ: every example in exactly one client."""

from collections.abc import Callable, Sequence

import numpy as np


def dirichlet(labels: np.ndarray, clients: int, alpha: float, rng: np.random.Generator) -> np.ndarray:
    """I64[n]: the client of each example with `labels` I64[n]. All clients have equally many, but for the remainder.

    A client draws shares of the labels from a symmetric Dirichlet distribution, and its examples by these shares,
    without putting them back (Hsu et al., 2019). Labels of which none is left are taken out of the shares.
    """
    classes = int(labels.max()) + 1
    return _dealt(labels, clients, lambda: rng.dirichlet(np.full(classes, alpha)), rng)


def pachinko(
    labels: np.ndarray, coarse: Sequence[int], clients: int, alphas: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """I64[n]: the client of each example, by Pachinko allocation (Reddi et al., 2021, appendix F): labels I64[n], of
    which each belongs to a coarse one, `coarse[label]`.

    A client draws shares of the coarse labels from a Dirichlet distribution with the first of the `alphas`, and within
    each of them shares of its labels with the second; else as `dirichlet`. Where the labels of a coarse one are used
    up, so is it.
    """
    groups = np.array(coarse)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]

    def shares() -> np.ndarray:
        drawn = np.empty(len(groups))
        for share, fine in zip(rng.dirichlet(np.full(len(members), alphas[0])), members, strict=True):
            drawn[fine] = share * rng.dirichlet(np.full(len(fine), alphas[1]))
        return drawn

    return _dealt(labels, clients, shares, rng, groups)


def matching(labels: np.ndarray, known: np.ndarray, owners: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """I64[n]: the client of each further example, drawn from those of the examples with its label whose labels are
    `known` I64[m] and whose clients are `owners` I64[m]: clients are tested on what they have learned from."""
    found = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        there = labels == label
        found[there] = rng.choice(owners[known == label], there.sum())
    return found


def _dealt(
    labels: np.ndarray,
    clients: int,
    shares: Callable[[], np.ndarray],
    rng: np.random.Generator,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """The client of each example, when every client draws by its own shares [classes] of the labels."""
    if not 0 < clients <= len(labels):
        raise ValueError(f"{len(labels)} examples cannot be dealt to {clients} clients; each needs one at least")
    shuffled = rng.permutation(len(labels))
    piles = [shuffled[labels[shuffled] == label] for label in range(len(shares()))]
    left = np.array([len(pile) for pile in piles])
    owners = np.empty(len(labels), np.int64)
    for client, size in enumerate(_evenly(len(labels), clients)):
        own, missing = shares(), size
        while missing:
            taken = np.minimum(rng.multinomial(missing, _of_what_is_left(own, left, groups)), left)
            for label in np.flatnonzero(taken):
                pile = piles[label]
                owners[pile[left[label] - taken[label] : left[label]]] = client
            left -= taken
            missing -= int(taken.sum())
    return owners


def _of_what_is_left(shares: np.ndarray, left: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """The shares without labels that are used up; within a group the rest gets the group's whole share."""
    kept = np.where(left > 0, shares, 0.0)
    if groups is not None:
        whole, rest = (np.bincount(groups, weights=part)[groups] for part in (shares, kept))
        kept = np.divide(kept * whole, rest, out=np.zeros_like(kept), where=rest > 0)
    # Shares may be too small for a number: then by what there is.
    found: np.ndarray = kept / kept.sum() if kept.sum() > 0 else left / left.sum()
    return found


def _evenly(items: int, parts: int) -> list[int]:
    return [items // parts + (part < items % parts) for part in range(parts)]
