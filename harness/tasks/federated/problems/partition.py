"""Partitions of labelled examples among clients with different labels. Every example belongs to exactly one client."""

from collections.abc import Callable, Sequence

import numpy as np


def dirichlet(labels: np.ndarray, clients: int, alpha: float, rng: np.random.Generator) -> np.ndarray:
    """I64[n]: the client of each example with `labels` I64[n]. All clients have equally many examples, give or take
    one.

    Each client draws the shares of the labels in its data from a symmetric Dirichlet distribution, and then its
    examples by these shares, without replacement (Hsu et al., 2019). Labels without remaining examples are taken out of
    the shares. Raises `ValueError` if there are more clients than examples.
    """
    classes = int(labels.max()) + 1
    return _deal(labels, clients, lambda: rng.dirichlet(np.full(classes, alpha)), rng)


def pachinko(
    labels: np.ndarray, coarse: Sequence[int], clients: int, alphas: tuple[float, float], rng: np.random.Generator
) -> np.ndarray:
    """I64[n]: the client of each example by Pachinko allocation (Reddi et al., 2021, appendix F).

    Every label belongs to a coarse label, `coarse[label]`. Each client draws shares of the coarse labels from a
    symmetric Dirichlet distribution with the first of the `alphas`, and shares of the labels within each coarse label
    with the second. The rest is as in `dirichlet`; where the labels of a coarse label are used up, the coarse label is,
    too.
    """
    groups = np.array(coarse)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]

    def shares() -> np.ndarray:
        label_shares = np.empty(len(groups))
        for share, fine in zip(rng.dirichlet(np.full(len(members), alphas[0])), members, strict=True):
            label_shares[fine] = share * rng.dirichlet(np.full(len(fine), alphas[1]))
        return label_shares

    return _deal(labels, clients, shares, rng, groups)


def draw_owners(labels: np.ndarray, known: np.ndarray, owners: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """I64[n]: a client for each further example, so that clients are tested on labels that they have learned from.

    It is drawn from the owners of the examples with the same label, whose labels are `known` I64[m] and whose clients
    are `owners` I64[m].
    """
    drawn = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        has_label = labels == label
        drawn[has_label] = rng.choice(owners[known == label], has_label.sum())
    return drawn


def _deal(
    labels: np.ndarray,
    clients: int,
    shares: Callable[[], np.ndarray],
    rng: np.random.Generator,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """I64[n]: the client of each example. `shares` draws a client's shares [classes] of the labels; `groups`, if given,
    are the coarse labels."""
    if not 0 < clients <= len(labels):
        raise ValueError(f"{len(labels)} examples cannot be dealt to {clients} clients; each needs at least one")
    shuffled = rng.permutation(len(labels))
    piles = [shuffled[labels[shuffled] == label] for label in range(len(shares()))]
    left = np.array([len(pile) for pile in piles])
    owners = np.empty(len(labels), np.int64)
    for client, size in enumerate(_equal_sizes(len(labels), clients)):
        client_shares, missing = shares(), size
        while missing:
            taken = np.minimum(rng.multinomial(missing, _remaining_shares(client_shares, left, groups)), left)
            for label in np.flatnonzero(taken):
                pile = piles[label]
                owners[pile[left[label] - taken[label] : left[label]]] = client
            left -= taken
            missing -= int(taken.sum())
    return owners


def _remaining_shares(shares: np.ndarray, left: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """The shares without the labels that are used up. The other labels of a group divide the group's whole share."""
    kept = np.where(left > 0, shares, 0.0)
    if groups is not None:
        whole, remaining = (np.bincount(groups, weights=part)[groups] for part in (shares, kept))
        kept = np.divide(kept * whole, remaining, out=np.zeros_like(kept), where=remaining > 0)
    # All remaining shares may have been rounded to zero. Then labels are drawn in proportion to their remaining
    # examples.
    normalised: np.ndarray = kept / kept.sum() if kept.sum() > 0 else left / left.sum()
    return normalised


def _equal_sizes(items: int, parts: int) -> list[int]:
    return [items // parts + (part < items % parts) for part in range(parts)]
