"""The Performer's attention modules: masks, causality, precision, and what their parameters choose."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from methods.performer.ablations import PerformerIid, PerformerRawQr, PerformerTrigonometric
from methods.performer.favor import linear_attention
from methods.performer.features import softmax_features
from methods.performer.performer import Performer, PerformerRelu

WIDTH, HEADS, LENGTH = 32, 2, 40
ENTRANTS = [Performer(), Performer(kernel="hyperbolic"), PerformerRelu()]
ALL = [*ENTRANTS, Performer(kernel="trigonometric"), PerformerIid()]


def inputs(length: int = LENGTH) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    return tuple(torch.randn(2, HEADS, length, WIDTH // HEADS) for _ in range(3))  # type: ignore[return-value]


def everything(length: int = LENGTH) -> Tensor:
    return torch.ones(2, length, dtype=torch.bool)


def build(entrant: Performer | PerformerRelu, causal: bool = False) -> nn.Module:
    torch.manual_seed(1)
    return entrant.build(WIDTH, HEADS, LENGTH, causal)


@pytest.mark.parametrize("entrant", [Performer(), Performer(kernel="trigonometric"), PerformerRelu()])
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


@pytest.mark.parametrize("entrant", ALL)
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


@pytest.mark.parametrize("entrant", ALL)
@pytest.mark.parametrize("causal", [False, True])
def test_rows_sum_to_one_and_equal_values_are_returned(entrant: Performer, causal: bool) -> None:
    # Small, so that trigonometric features give no row a sum near zero.
    q, k, _ = (0.3 * x for x in inputs())
    v = torch.full_like(q, 1.5)
    torch.testing.assert_close(build(entrant, causal)(q, k, v, everything()), v)
    identity = torch.eye(LENGTH).expand(2, HEADS, LENGTH, LENGTH)
    matrix = build(entrant, causal)(q, k, identity, everything())
    torch.testing.assert_close(matrix.sum(-1), torch.ones(2, HEADS, LENGTH))
    assert not causal or torch.equal(matrix, matrix.tril())


@pytest.mark.parametrize("entrant", ALL)
@pytest.mark.parametrize("causal", [False, True])
def test_one_position_returns_its_value(entrant: Performer, causal: bool) -> None:
    q, k, v = inputs(1)
    torch.testing.assert_close(build(entrant, causal)(q, k, v, everything(1)), v)


@pytest.mark.parametrize("entrant", ALL)
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_the_future_changes_no_bit(entrant: Performer, scale: float) -> None:
    q, k, v = (scale * x for x in inputs())
    module = build(entrant, causal=True)
    before = module(q, k, v, everything())
    q, k, v = (torch.cat([x[:, :, :20], 10 * torch.randn_like(x[:, :, 20:])], dim=2) for x in (q, k, v))
    after = module(q, k, v, everything())
    assert torch.equal(after[:, :, :20], before[:, :, :20])
    assert not torch.allclose(after[:, :, 20:], before[:, :, 20:], atol=1e-2)


@pytest.mark.parametrize("kernel", ["positive", "hyperbolic"])
def test_bidirectional_attention_is_the_ratio_of_sums_of_its_features(kernel: str) -> None:
    q, k, v = inputs()
    module = build(Performer(kernel=kernel))  # type: ignore[arg-type]
    queries, keys = softmax_features(kernel, q, k, module.projection, 1e-6)  # type: ignore[arg-type]
    expected = linear_attention(queries, keys, v)
    torch.testing.assert_close(module(q, k, v, everything()), expected, atol=1e-5, rtol=1e-4)


def projections_in_training(redraw: int, passes: int) -> list[Tensor]:
    """The projection after each of so many training passes."""
    module = build(Performer(redraw=redraw)).train()
    q, k, v = inputs()
    found = []
    for _ in range(passes):
        module(q, k, v, everything())
        found.append(module.projection)
    return found


def test_projection_is_redrawn_after_every_interval_of_training_passes() -> None:
    found = projections_in_training(redraw=2, passes=6)
    assert [torch.equal(one, other) for one, other in pairwise(found)] == [True, False, True, False, True]
    products = found[2][:16].double() @ found[2][:16].double().T
    torch.testing.assert_close(products, products.diagonal().diag(), atol=1e-5, rtol=0)


def test_by_default_the_projection_stays() -> None:
    found = projections_in_training(redraw=0, passes=3)
    assert torch.equal(found[0], found[2])


def test_evaluation_neither_redraws_nor_counts() -> None:
    module = build(Performer(redraw=1)).train()
    module(*inputs(), everything())
    before = module.projection
    module.eval()
    first, second = (module(*inputs(), everything()) for _ in range(2))
    assert torch.equal(first, second)
    assert module.projection is before
    assert module.passes == 1


def test_redrawing_follows_the_global_seed() -> None:
    runs = []
    for seed in (0, 0, 1):
        module = build(Performer(redraw=1)).train()
        q, k, v = inputs()
        torch.manual_seed(seed)
        for _ in range(3):
            module(q, k, v, everything())
        runs.append(module.projection)
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_redrawn_projection_is_saved_and_between_passes_gradients_are_those_of_their_own() -> None:
    module = build(Performer(redraw=1)).train()
    q, k, v = (x.requires_grad_() for x in inputs())
    first = module(q, k, v, everything())
    alone = torch.autograd.grad(first.sum(), q, retain_graph=True)[0]
    second = module(q, k, v, everything())
    torch.testing.assert_close(torch.autograd.grad(first.sum(), q)[0], alone)
    restored = build(Performer(redraw=1)).eval()
    restored.load_state_dict(module.state_dict())
    torch.testing.assert_close(restored(q, k, v, everything()), second)
    assert restored.passes == 2


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
