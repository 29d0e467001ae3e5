"""The Performer's attention modules: masks, causality, precision, and what their parameters choose."""

import pytest
import torch
from torch import Tensor, nn

from methods.performer.ablations import PerformerIid, PerformerRawQr, PerformerTrigonometric
from methods.performer.performer import Performer, PerformerRelu

WIDTH, HEADS, LENGTH = 32, 2, 40
ENTRANTS = [Performer(), Performer(kernel="hyperbolic"), PerformerRelu()]


def inputs(length: int = LENGTH) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    return tuple(torch.randn(2, HEADS, length, WIDTH // HEADS) for _ in range(3))  # type: ignore[return-value]


def everything(length: int = LENGTH) -> Tensor:
    return torch.ones(2, length, dtype=torch.bool)


def build(entrant: Performer | PerformerRelu, causal: bool = False) -> nn.Module:
    torch.manual_seed(1)
    return entrant.build(WIDTH, HEADS, LENGTH, causal)


# With epsilon, the largest exponent of all keys is felt.
@pytest.mark.parametrize("entrant", [Performer(epsilon=0.0), Performer(kernel="trigonometric"), PerformerRelu()])
@pytest.mark.parametrize("causal", [False, True])
def test_padding_changes_nothing(entrant: Performer, causal: bool) -> None:
    q, k, v = inputs()
    keep = everything()
    keep[:, 25:] = False
    module = build(entrant, causal)
    padded = module(q, k, v, keep)[:, :, :25]
    short = module(q[:, :, :25], k[:, :, :25], v[:, :, :25], keep[:, :25])
    torch.testing.assert_close(padded, short, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("entrant", ENTRANTS)
def test_the_last_of_causal_is_the_last_of_bidirectional(entrant: Performer) -> None:
    q, k, v = inputs()
    last = build(entrant, causal=True)(q, k, v, everything())[:, :, -1]
    torch.testing.assert_close(last, build(entrant)(q, k, v, everything())[:, :, -1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("entrant", ENTRANTS)
@pytest.mark.parametrize("causal", [False, True])
def test_features_are_32_bit_under_autocast(entrant: Performer, causal: bool) -> None:
    q, k, v = (x.requires_grad_() for x in inputs())
    module = build(entrant, causal)
    plain = module(q, k, v, everything())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = module(q, k, v, everything())
    expected, found = (torch.autograd.grad(out.sum(), (q, k, v)) for out in (plain, mixed))
    assert torch.equal(mixed, plain)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


def test_half_precision_inputs_give_half_precision_outputs() -> None:
    q, k, v = (30 * x.half() for x in inputs())
    found = build(Performer())(q, k, v, everything())
    assert found.dtype == torch.float16
    assert found.isfinite().all()


def test_by_default_there_are_four_features_a_dimension() -> None:
    assert build(Performer()).projection.shape == (64, 16)
    assert build(Performer(m=10)).projection.shape == (10, 16)


def test_more_features_come_closer_to_softmax() -> None:
    q, k, v = (0.5 * x for x in inputs())
    exact = nn.functional.scaled_dot_product_attention(q, k, v)
    errors = [float((build(Performer(m=m))(q, k, v, everything()) - exact).square().mean()) for m in (16, 256, 4096)]
    assert errors[2] < errors[1] / 4 < errors[0] / 16


def test_ablations_undo_one_choice() -> None:
    default = Performer().parameters
    for entrant, parameter, value in (
        (PerformerIid(), "projection", "iid"),
        (PerformerRawQr(), "projection", "raw_qr"),
        (PerformerTrigonometric(), "kernel", "trigonometric"),
    ):
        assert entrant.parameters == {**default, parameter: value}


def test_features_are_of_one_draw_and_drawn_by_the_generator() -> None:
    q, k, _ = inputs()
    queries, keys = Performer().features(q, k, 24, torch.Generator().manual_seed(5))
    again, _ = Performer().features(q, k, 24, torch.Generator().manual_seed(5))
    other, _ = Performer().features(q, k, 24, torch.Generator().manual_seed(6))
    assert queries.shape == keys.shape == (2, HEADS, LENGTH, 24)
    assert torch.equal(queries, again)
    assert not torch.equal(queries, other)
