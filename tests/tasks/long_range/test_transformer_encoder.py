"""The encoder: sizes, masks, and what is left to the attention."""

import pytest
import torch
from torch import Tensor, nn

from harness.core.errors import BadOutput
from harness.nn.encoder import Encoder, EncoderOptions
from harness.nn.packing import Padded

OPTIONS = EncoderOptions(vocabulary=10, max_length=12, width=16, layers=2, heads=4)


class _Softmax(nn.Module):
    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        assert q.shape == k.shape == v.shape == (3, 4, keep.shape[1], 4)
        return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=keep[:, None, None, :])


@pytest.fixture
def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(OPTIONS, _Softmax)


def test_attention_gets_heads_and_gives_states(encoder: Encoder) -> None:
    tokens = torch.randint(10, (3, 12))
    assert encoder(tokens, torch.ones(3, 12, dtype=torch.bool)).shape == (3, 12, 16)


def test_positions_that_are_not_kept_change_nothing(encoder: Encoder) -> None:
    tokens = torch.randint(10, (3, 12))
    keep = torch.ones(3, 12, dtype=torch.bool)
    keep[:, 8:] = False
    padded = encoder(tokens, keep)[:, :8]
    torch.testing.assert_close(padded, encoder(tokens[:, :8], keep[:, :8]))


def test_it_is_pytorch_s_own_pre_norm_layer(encoder: Encoder) -> None:
    layer, own = (
        encoder.layers[0],
        nn.TransformerEncoderLayer(16, 4, 64, 0.0, "gelu", batch_first=True, norm_first=True),
    )
    names = {
        "self_attn.in_proj_": layer.project,
        "self_attn.out_proj.": layer.merge,
        "norm1.": layer.attention_norm,
        "norm2.": layer.feed_forward[0],
        "linear1.": layer.feed_forward[1],
        "linear2.": layer.feed_forward[3],
    }
    own.load_state_dict(
        {f"{name}{part}": getattr(module, part) for name, module in names.items() for part in ("weight", "bias")}
    )
    states = torch.randn(3, 12, 16)
    all_kept = torch.ones(3, 12, dtype=torch.bool)
    torch.testing.assert_close(layer(states, all_kept, Padded()), own(states), atol=1e-5, rtol=1e-4)


def test_every_layer_has_an_attention_of_its_own(encoder: Encoder) -> None:
    first, second = (layer.attention for layer in encoder.layers)
    assert first is not second


def test_width_must_be_a_multiple_of_heads() -> None:
    with pytest.raises(ValueError, match="width 16 is not a multiple of 3 heads"):
        Encoder(EncoderOptions(vocabulary=10, max_length=12, width=16, heads=3), _Softmax)


class _HeadsLast(_Softmax):
    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        return super().forward(q, k, v, keep).transpose(1, 2)


def test_an_attention_of_another_shape_is_refused_though_its_numbers_would_fit() -> None:
    encoder = Encoder(OPTIONS, _HeadsLast)
    with pytest.raises(BadOutput, match=r"attention returned .* of shape \[3, 12, 4, 4\], .* of shape \[3, 4, 12, 4\]"):
        encoder(torch.randint(10, (3, 12)), torch.ones(3, 12, dtype=torch.bool))
