"""Partitions: every example in exactly one client, equal sizes, few labels each."""

import numpy as np
import pytest

from harness.tasks.federated.problems.clients import group_by_client
from harness.tasks.federated.problems.partition import dirichlet, draw_owners, pachinko

LABELS = np.random.default_rng(0).integers(20, size=4_013)
COARSE = [label // 5 for label in range(20)]


def deal(kind: str, clients: int = 40, alphas: tuple[float, float] = (0.1, 10.0), seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "dirichlet":
        return dirichlet(LABELS, clients, alphas[0], rng)
    return pachinko(LABELS, COARSE, clients, alphas, rng)


def histogram(owners: np.ndarray) -> np.ndarray:
    """I64[clients labels]"""
    return np.array([np.bincount(LABELS[owners == client], minlength=20) for client in range(owners.max() + 1)])


@pytest.mark.parametrize("kind", ["dirichlet", "pachinko"])
def test_every_example_is_in_exactly_one_client_and_all_have_equally_many(kind: str) -> None:
    owners = deal(kind)
    clients = group_by_client(np.arange(len(LABELS))[:, None], LABELS, owners, 20)
    assert sorted(clients.inputs[:, 0].tolist()) == list(range(len(LABELS)))
    assert clients.sizes.min() >= len(LABELS) // 40
    assert np.ptp(clients.sizes) <= 1
    assert (clients.labels == LABELS[clients.inputs[:, 0]]).all()


@pytest.mark.parametrize("kind", ["dirichlet", "pachinko"])
def test_a_seed_draws_the_same_histograms_again_and_another_draws_others(kind: str) -> None:
    assert (histogram(deal(kind)) == histogram(deal(kind))).all()
    assert (histogram(deal(kind)) != histogram(deal(kind, seed=1))).any()


def test_a_small_concentration_gives_clients_few_labels_and_a_large_one_all_of_them() -> None:
    few, all_of_them = (
        np.median((histogram(deal("dirichlet", alphas=(alpha, 1.0))) > 0).sum(1)) for alpha in (0.03, 100.0)
    )
    assert few <= 5
    assert all_of_them == 20


def test_pachinko_concentrates_on_coarse_labels_and_spreads_within_them() -> None:
    by_label = histogram(deal("pachinko", alphas=(0.03, 100.0)))
    by_coarse = by_label.reshape(len(by_label), 4, 5)
    first = by_coarse.sum(2).argmax(1)
    main = by_coarse[np.arange(len(first)), first][:20]  # later clients take what is left
    assert np.median(main.sum(1) / by_label.sum(1)[:20]) > 0.9
    assert (main > 0).mean() > 0.9


def test_labels_that_are_used_up_are_not_dealt() -> None:
    labels = np.array([0] * 3 + [1] * 97)
    owners = dirichlet(labels, 10, 0.01, np.random.default_rng(0))
    assert np.bincount(owners).tolist() == [10] * 10


def test_more_clients_than_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="3 examples cannot be dealt to 4 clients"):
        dirichlet(np.array([0, 1, 1]), 4, 1.0, np.random.default_rng(0))


def test_clients_are_tested_on_labels_that_they_have() -> None:
    owners = deal("dirichlet")
    further = np.random.default_rng(1).integers(20, size=500)
    found = draw_owners(further, LABELS, owners, np.random.default_rng(2))
    assert (histogram(owners)[found, further] > 0).all()
