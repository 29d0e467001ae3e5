"""The baselines' attention modules: exactness, masks, causality, shapes, cost."""

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from baselines.long_range.bigbird import BigBird
from baselines.long_range.linformer import Linformer
from baselines.long_range.reformer import Reformer
from baselines.long_range.rfa import Rfa, RfaGated
from baselines.long_range.softmax import Softmax
from harness.tasks.long_range import Attention

WIDTH, HEADS, LENGTH = 16, 2, 12
FAST = [Linformer(rank=5), Reformer(chunk=4), BigBird(block=2, random=1), Rfa(), RfaGated()]


def name_of(entrant: Attention) -> str:
    return entrant.name


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


# BigBird's last block is the last of the tensor.
@pytest.mark.parametrize("entrant", [Softmax(), Linformer(rank=5), Reformer(chunk=4), Rfa(), RfaGated()], ids=name_of)
def test_baselines_ignore_padding(entrant: Attention, inputs: tuple[Tensor, Tensor, Tensor], keep: Tensor) -> None:
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


@pytest.mark.parametrize("entrant", FAST, ids=name_of)
def test_ignored_keys_and_values_change_nothing(
    entrant: Attention, inputs: tuple[Tensor, Tensor, Tensor], keep: Tensor
) -> None:
    module = entrant.build(WIDTH, HEADS, LENGTH, causal=False)
    noisy = (torch.where(keep[:, None, :, None], x, torch.randn_like(x)) for x in inputs)
    found, other = (module(*x, keep) * keep[:, None, :, None] for x in (inputs, noisy))
    torch.testing.assert_close(found, other)


@pytest.mark.parametrize("entrant", FAST, ids=name_of)
def test_the_rest_of_the_batch_changes_nothing(
    entrant: Attention, inputs: tuple[Tensor, Tensor, Tensor], keep: Tensor
) -> None:
    module = entrant.build(WIDTH, HEADS, LENGTH, causal=False)
    together = module(*inputs, keep)
    alone = torch.cat([module(*(x[i : i + 1] for x in (*inputs, keep))) for i in range(len(keep))])
    turned = module(*(x.flip(0) for x in (*inputs, keep))).flip(0)
    torch.testing.assert_close(alone, together)
    torch.testing.assert_close(turned, together)


# Many random vectors, so that no sum of random features is near zero.
@pytest.mark.parametrize("entrant", [Softmax(), *FAST[1:3], Rfa(m=500), RfaGated(m=500)], ids=name_of)
@pytest.mark.parametrize("length", [1, LENGTH])
def test_equal_values_are_returned(entrant: Attention, length: int, inputs: tuple[Tensor, Tensor, Tensor]) -> None:
    q, k, _ = (x[:, :, :length] for x in inputs)
    v = torch.full_like(q, 1.5)
    module = entrant.build(WIDTH, HEADS, LENGTH, causal=False)
    torch.testing.assert_close(module(q, k, v, torch.ones(2, length, dtype=torch.bool)), v)


@pytest.mark.parametrize("entrant", FAST, ids=name_of)
def test_every_gradient_is_finite_beside_padding(
    entrant: Attention, inputs: tuple[Tensor, Tensor, Tensor], keep: Tensor
) -> None:
    module = entrant.build(WIDTH, HEADS, LENGTH, causal=False)
    leaves = [*(x.requires_grad_() for x in inputs), *module.parameters()]
    # What takes no part has a gradient of zero.
    gradients = torch.autograd.grad(module(*inputs, keep).square().sum(), leaves, materialize_grads=True)
    assert all(gradient.isfinite().all() for gradient in gradients)


class _Largest(TorchDispatchMode):
    """Remembers the most numbers that any tensor had."""

    most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else [out]:
            if isinstance(tensor, Tensor):
                self.most = max(self.most, tensor.numel())
        return out


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("entrant", [Linformer(), Reformer(), BigBird(), Rfa(), RfaGated()], ids=name_of)
def test_no_tensor_grows_with_the_length_squared(entrant: Attention, causal: bool) -> None:
    if causal and isinstance(entrant, Linformer | BigBird):
        pytest.skip("it has no causal form")
    sizes = []
    for length in (1024, 4096):
        module = entrant.build(4, 1, length, causal)
        q = torch.randn(1, 1, length, 4, requires_grad=True)
        with _Largest() as largest:
            module(q, q, q, torch.ones(1, length, dtype=torch.bool)).sum().backward()
        sizes.append(largest.most)
    # The hashes of Reformer, of as many buckets as fit the length, grow with its power of 3/2.
    assert sizes[1] <= 4**1.5 * sizes[0] if isinstance(entrant, Reformer) else sizes[1] <= 4.2 * sizes[0]
