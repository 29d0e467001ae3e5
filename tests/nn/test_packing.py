"""Packed positions: those that are kept, and the same states and gradients as with padding."""

from dataclasses import replace

import torch
from torch import Tensor

from harness.nn.encoder import Encoder, EncoderOptions
from harness.nn.packing import Packed
from harness.nn.seq2seq import SoftmaxAttention

KEEP = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])


def test_what_is_kept_is_packed_in_order_and_spread_with_zeros() -> None:
    layout, rows = Packed(KEEP), torch.arange(1.0, 10.0).view(3, 3)
    assert layout.pack(rows).tolist() == [1, 2, 4, 7, 8, 9]
    assert layout.spread(layout.pack(rows)).tolist() == [[1, 2, 0], [4, 0, 0], [7, 8, 9]]


def test_packing_and_spreading_pass_gradients_to_what_is_kept() -> None:
    layout, rows = Packed(KEEP), torch.ones(3, 3, 2, requires_grad=True)
    packed = layout.pack(rows)
    (layout.spread(packed) * torch.arange(9.0).view(3, 3, 1)).sum().backward()
    assert rows.grad is not None
    assert rows.grad[..., 0].tolist() == [[0, 1, 0], [3, 0, 0], [6, 7, 8]]


def test_a_packed_encoder_has_the_states_and_gradients_of_a_padded_one() -> None:
    options = EncoderOptions(vocabulary=20, max_length=3, width=16, heads=4)
    tokens = torch.tensor([[3, 4, 0], [5, 0, 0], [6, 7, 8]])
    found: list[tuple[Tensor, list[Tensor]]] = []
    for packed in (False, True):
        torch.manual_seed(0)
        encoder = Encoder(replace(options, packed=packed), SoftmaxAttention)
        states = encoder(tokens, KEEP)
        states[KEEP].square().sum().backward()
        found.append((states[KEEP], [weight.grad for weight in encoder.parameters() if weight.grad is not None]))
    (padded, of_padded), (packed_states, of_packed) = found
    torch.testing.assert_close(packed_states, padded)
    assert len(of_packed) == len(of_padded) > 0
    for one, other in zip(of_packed, of_padded, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
