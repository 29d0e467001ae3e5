"""The binarisers of the task `word_similarity`, against their definitions."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines.word_similarity.itq import Itq
from baselines.word_similarity.lsh import Lsh
from baselines.word_similarity.nlb import Nlb, Scale, autoencoding_loss
from baselines.word_similarity.principal import principal_components
from baselines.word_similarity.randexp import RandExp
from baselines.word_similarity.sign import Sign
from harness.tasks.word_similarity import Binariser, most_active

BINARISERS = [Lsh(), Sign(), Sign(axes="first"), RandExp(), Itq(), Nlb(epochs=1)]
TWO_SIDED = [Lsh(), Sign(), Itq(), Nlb(epochs=1)]


def vectors(words: int = 60, width: int = 20, seed: int = 0) -> np.ndarray:
    """Vectors whose dimensions vary differently and do not have mean 0."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(words, width)) * np.linspace(2, 0.1, width) + 0.3).astype(np.float32)


def binariser_on(binariser: Binariser, dense: np.ndarray) -> Binariser:
    """As it is once fitted to these vectors."""
    binariser._dense = dense
    return binariser


@pytest.mark.parametrize("binariser", BINARISERS, ids=lambda one: f"{one.name}-{one.parameters.get('axes', '')}")
def test_codes_have_k_active_bits_and_are_the_same_again(binariser: Binariser) -> None:
    dense = vectors()
    for k in (1, 4, 16):
        codes, again = (binariser.encode(dense, k, np.random.default_rng(1)) for _ in range(2))
        assert (codes.sum(axis=1) == k).all()
        assert (codes == again).all()


@pytest.mark.parametrize("binariser", TWO_SIDED, ids=lambda one: one.name)
def test_a_bit_is_written_on_one_of_two_sides(binariser: Binariser) -> None:
    codes = binariser.encode(vectors(), 16, np.random.default_rng(1))
    assert codes.shape == (60, 32)
    assert (codes[:, :16] ^ codes[:, 16:]).all()
    assert binariser_on(binariser, vectors()).bits(16) == 16


@pytest.mark.parametrize("binariser", [Sign(), Itq()], ids=lambda one: one.name)
def test_codes_of_more_bits_than_dimensions_do_not_exist(binariser: Binariser) -> None:
    fitted = binariser_on(binariser, vectors(width=20))
    assert (fitted.bits(20), fitted.bits(21)) == (20, 0)


def test_lsh_agrees_as_often_as_the_angle_says() -> None:
    drawn = np.random.default_rng(0).normal(size=(2, 20)).astype(np.float32)
    dense = np.concatenate([drawn, -drawn])  # centred
    codes = Lsh().encode(dense, 20_000, np.random.default_rng(1))
    cosine = dense[0] @ dense[1] / np.prod(np.linalg.norm(dense, axis=1))
    assert (codes[0] & codes[1]).sum() / 20_000 == pytest.approx(1 - np.arccos(cosine) / np.pi, abs=0.01)


@pytest.mark.parametrize("binariser", [Lsh(), RandExp(), Sign(), Itq()], ids=lambda one: one.name)
def test_codes_do_not_depend_on_the_mean_of_the_vectors(binariser: Binariser) -> None:
    dense = np.random.default_rng(0).integers(-8, 9, size=(64, 20)).astype(np.float32)
    shared = np.arange(20, dtype=np.float32)
    one, other = (binariser.encode(words, 16, np.random.default_rng(1)) for words in (dense, dense + shared))
    assert (one == other).all()


@pytest.mark.parametrize("binariser", [Lsh(), Sign()], ids=lambda one: one.name)
def test_short_codes_are_parts_of_long_ones(binariser: Binariser) -> None:
    short, long = (binariser.encode(vectors(), k, np.random.default_rng(1)) for k in (4, 16))
    assert (short[:, :4] == long[:, :4]).all()


def test_principal_components_are_uncorrelated_and_vary_less_and_less() -> None:
    dense = vectors(words=500)
    components = principal_components(dense, 8)
    covariance = np.cov(components.T)
    assert np.diag(covariance) == pytest.approx(np.sort(np.linalg.eigvalsh(np.cov(dense.T)))[:-9:-1], rel=1e-3)
    assert covariance - np.diag(np.diag(covariance)) == pytest.approx(np.zeros((8, 8)), abs=1e-3)


def test_signs_are_those_of_the_named_axes() -> None:
    dense = vectors()
    assert (Sign(axes="first").encode(dense, 5, np.random.default_rng(0))[:, :5] == (dense[:, :5] > 0)).all()
    principal = Sign().encode(dense, 5, np.random.default_rng(0))[:, :5]
    assert (principal == (principal_components(dense, 5) > 0)).all()


def quantisation_loss(components: np.ndarray, codes: np.ndarray) -> float:
    """Distance of the components to the signs, both turned to fit best."""
    k = components.shape[1]
    signs = np.where(codes[:, :k], 1.0, -1.0)
    left, _, right = np.linalg.svd(components.T @ signs)
    return float(np.linalg.norm(signs - components @ (left @ right)))


def test_rotation_loses_less_the_longer_it_is_iterated() -> None:
    dense = vectors(words=400)
    components = principal_components(dense, 8)
    losses = [
        quantisation_loss(components, Itq(iterations=turns).encode(dense, 8, np.random.default_rng(1)))
        for turns in (0, 1, 5, 50)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.99 * losses[0]


def test_rotation_finds_axes_along_which_words_lie_on_two_sides() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((300, 6)) < 0.5
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    dense = ((np.where(truth, 1.0, -1.0) + 0.05 * rng.normal(size=(300, 6))) @ turn).astype(np.float32)

    def worst_agreement(start: int) -> float:
        codes = Itq().encode(dense, 6, np.random.default_rng(start))[:, :6]
        agreement = np.abs((codes * 2.0 - 1).T @ (truth * 2.0 - 1)) / 300
        return float(agreement.max(axis=1).min())

    # Some random rotations lead to a worse optimum.
    assert np.mean([worst_agreement(start) > 0.99 for start in range(20)]) >= 0.2


def test_random_expansion_activates_the_units_with_the_largest_sums() -> None:
    dense = np.eye(10, dtype=np.float32)
    units = RandExp(units=50, sampled=0.3)
    drawn = units.encode(dense, 1, np.random.default_rng(1)).argmax(axis=1)
    # A unit that sums dimension i and two others has the largest sum, 1, for the i-th unit vector: the first such unit.
    sums = np.stack([units.encode(dense, k, np.random.default_rng(1)) for k in range(1, 51)]).sum(axis=0)
    assert (sums.argmax(axis=1) == drawn).all()
    assert units.bits(4) == pytest.approx(np.log2(230_300))


@given(seed=st.integers(0, 10**6))
def test_random_expansion_does_not_depend_on_the_level_of_a_vector(seed: int) -> None:
    dense = np.random.default_rng(seed).integers(-8, 9, size=(8, 20)).astype(np.float32)
    one, other = (RandExp().encode(dense + level, 16, np.random.default_rng(1)) for level in (0, 4))
    assert (one == other).all()


@pytest.mark.parametrize(("scale", "parts"), [("mean", 28), ("sum", 1)])
def test_autoencoder_loss_is_its_formula_and_has_a_slope_through_the_decoder_alone(scale: Scale, parts: int) -> None:
    rng = np.random.default_rng(0)
    vectors, weights = torch.from_numpy(rng.normal(size=(7, 4))), torch.from_numpy(rng.normal(size=(6, 4)))
    offset = torch.from_numpy(rng.normal(size=4))
    loss = autoencoding_loss(vectors, weights.requires_grad_(), offset, 2.0, scale)
    bits = (vectors.numpy() @ weights.detach().numpy().T > 0).astype(float)
    matrix = weights.detach().numpy()
    decoded = np.tanh(bits @ matrix + offset.numpy())
    penalty = np.square(matrix.T @ matrix - np.eye(4)).sum()
    assert loss.item() == pytest.approx(np.square(decoded - vectors.numpy()).sum() / parts / 2 + penalty)
    (slope,) = torch.autograd.grad(loss, weights)
    through = bits.T @ ((decoded - vectors.numpy()) * (1 - decoded**2)) / parts
    assert slope.numpy() == pytest.approx(through + 4 * matrix @ (matrix.T @ matrix - np.eye(4)))


def test_autoencoder_learns_to_decode() -> None:
    dense = vectors(words=500)
    clipped = torch.from_numpy(dense.clip(-1, 1))

    def loss(epochs: int) -> float:
        weights = Nlb(epochs=epochs)._learn(clipped, 64, np.random.default_rng(1))
        return float(autoencoding_loss(clipped, weights, torch.zeros(20), 1.0, "sum"))

    assert loss(20) < 0.3 * loss(0)


def test_ties_of_the_expansion_go_to_the_first_units() -> None:
    nothing = RandExp(units=30).encode(np.zeros((2, 10), np.float32), 4, np.random.default_rng(0))
    assert (nothing == most_active(np.zeros((2, 30), np.float32), 4)).all()
