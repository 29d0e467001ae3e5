"""The baselines' attention modules: exactness, masks, causality, shapes."""

import pytest
import torch
from torch import Tensor

from baselines.long_range.linformer import Linformer
from baselines.long_range.softmax import Softmax

WIDTH, HEADS, LENGTH = 16, 2, 12


@pytest.fixture
def inputs() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    return tuple(torch.randn(2, HEADS, LENGTH, WIDTH // HEADS) for _ in range(3))  # type: ignore[return-value]


@pytest.fixture
def keep() -> Tensor:
    kept = torch.ones(2, LENGTH, dtype=torch.bool)
    kept[1, 7:] = False
    return kept


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_softmax_is_the_formula(
    inputs: tuple[Tensor, Tensor, Tensor], keep: Tensor, causal: bool, padded: bool
) -> None:
    q, k, v = inputs
    keep = keep if padded else torch.ones_like(keep)
    allowed = keep[:, None, None, :].expand(2, HEADS, LENGTH, LENGTH)
    allowed = allowed.tril() if causal else allowed
    scores = (q @ k.mT / (WIDTH // HEADS) ** 0.5).masked_fill(~allowed, -torch.inf)
    found = Softmax().build(WIDTH, HEADS, LENGTH, causal)(q, k, v, keep)
    torch.testing.assert_close(found, scores.softmax(-1) @ v)


def test_linformer_is_the_formula(inputs: tuple[Tensor, Tensor, Tensor]) -> None:
    q, k, v = inputs
    module = Linformer(rank=5).build(WIDTH, HEADS, LENGTH, causal=False)
    mixtures = module.mixtures
    scores = (q @ (mixtures @ k).mT / (WIDTH // HEADS) ** 0.5).softmax(-1)
    assert scores.shape == (2, HEADS, LENGTH, 5)
    torch.testing.assert_close(module(q, k, v, torch.ones(2, LENGTH, dtype=torch.bool)), scores @ (mixtures @ v))


@pytest.mark.parametrize("entrant", [Softmax(), Linformer(rank=5)], ids=["softmax", "linformer"])
def test_baselines_ignore_padding(
    entrant: Softmax | Linformer, inputs: tuple[Tensor, Tensor, Tensor], keep: Tensor
) -> None:
    q, k, v = inputs
    module = entrant.build(WIDTH, HEADS, LENGTH, causal=False)
    padded = module(q, k, v, keep)[1:, :, :7]
    short = module(q[1:, :, :7], k[1:, :, :7], v[1:, :, :7], keep[1:, :7])
    torch.testing.assert_close(padded, short)


def test_linformer_projection_is_no_longer_than_the_sequence() -> None:
    assert Linformer(rank=32).build(WIDTH, HEADS, 10, causal=False).mixtures.shape == (10, 10)


def test_linformer_refuses_to_be_causal() -> None:
    with pytest.raises(ValueError, match="no causal form"):
        Linformer().build(WIDTH, HEADS, LENGTH, causal=True)
