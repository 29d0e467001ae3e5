"""GloVe: its gradients, its batches, and what it factorises."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from baselines.word_similarity.glove import Factors, Glove, split_counts


def random_counts(words: int = 12, seed: int = 0) -> csr_array:
    """Symmetric counts, a third of them zero."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.exponential(5, (words, words)) * (rng.random((words, words)) > 1 / 3)) + np.eye(words)
    return csr_array((upper + upper.T).astype(np.float32))


def test_gradients_are_those_of_the_loss() -> None:
    counts, dim = random_counts(), 4
    factors = Factors(12, dim, np.random.default_rng(1))
    loss, left, right = factors.gradients(counts, x_max=10.0, alpha=0.75)

    tables = [torch.tensor(table, dtype=torch.float64, requires_grad=True) for table in (factors.left, factors.right)]
    (w, b), (v, c) = ((tables[0][:, :dim], tables[0][:, dim]), (tables[1][:, :dim], tables[1][:, dim + 1]))
    x = torch.from_numpy(counts.toarray().astype(np.float64))
    error = w @ v.T + b[:, None] + c - torch.log(torch.where(x > 0, x, 1))
    expected = ((x / 10).clamp(max=1) ** 0.75 * error**2).sum() / 2
    slopes = torch.autograd.grad(expected, tables)
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    assert left == pytest.approx(slopes[0].numpy(), abs=1e-4)
    assert right == pytest.approx(slopes[1].numpy(), abs=1e-4)


def test_step_is_that_of_adagrad() -> None:
    counts = random_counts()
    options = Glove(lr=0.1)
    factors = Factors(12, 4, np.random.default_rng(1))
    squares = np.ones_like(factors.left)
    for _ in range(3):
        before, (_, slope, _) = factors.left.copy(), factors.gradients(counts, options.x_max, options.alpha)
        squares += slope**2
        factors.learn(counts, options)
        assert factors.left == pytest.approx(before - 0.1 * slope / np.sqrt(squares), abs=1e-6)


def test_ones_beside_the_biases_stay_ones() -> None:
    factors = Factors(12, 4, np.random.default_rng(1))
    for _ in range(5):
        factors.learn(random_counts(), Glove())
    assert (factors.left[:, 5] == 1).all()
    assert (factors.right[:, 4] == 1).all()


def test_loss_falls_with_every_pass_over_the_counts() -> None:
    factors = Factors(12, 4, np.random.default_rng(1))
    losses = [factors.learn(random_counts(), Glove()) for _ in range(30)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.5 * losses[0]


def test_logarithms_of_low_rank_are_recovered() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 40)) * 0.5 + rng.normal(size=(40, 1)) + rng.normal(size=40)
    counts = csr_array(np.exp(truth).astype(np.float32))
    factors = Factors(40, 3, rng)
    options = Glove(lr=0.2, x_max=1.0)
    batches = split_counts(counts, 4, rng)
    for _ in range(600):
        for batch in batches:
            factors.learn(batch, options)
    assert factors.left @ factors.right.T == pytest.approx(truth, abs=0.15)


@pytest.mark.parametrize("parts", [1, 7, 200])
def test_batches_add_up_to_the_counts(parts: int) -> None:
    counts = random_counts()
    batches = split_counts(counts, parts, np.random.default_rng(0))
    assert len(batches) == parts
    assert sum(batch.nnz for batch in batches) == counts.nnz
    assert (sum(batch.toarray() for batch in batches) == counts.toarray()).all()
