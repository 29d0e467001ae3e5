"""The encoder-decoder: writing step by step is the same as reading all at once, and padding is not computed."""

import pytest
import torch

from harness.nn.encoder import EncoderOptions
from harness.nn.seq2seq import EncoderDecoder, Seq2SeqOptions

ALL = torch.ones(5, 6, dtype=torch.bool)
"""All prefixes of five targets of six tokens."""


@pytest.fixture
def model() -> EncoderDecoder:
    torch.manual_seed(0)
    return EncoderDecoder(Seq2SeqOptions(EncoderOptions(30, 8, width=16, layers=2, heads=4), 6)).eval()


def test_writing_token_by_token_equals_writing_all_at_once(model: EncoderDecoder) -> None:
    source, target = torch.randint(1, 30, (5, 8)), torch.randint(1, 30, (5, 6))
    keep = torch.arange(8) < torch.tensor([[8], [3], [1], [5], [8]])
    expected = model(source, keep, target, ALL).view(5, 6, 30)
    memory = model.read(source, keep)
    for step in range(6):
        logits, memory = model.write(target[:, step], memory)
        torch.testing.assert_close(logits, expected[:, step], atol=1e-5, rtol=1e-5)
    with pytest.raises(ValueError, match="at most 6 tokens"):
        model.write(target[:, 0], memory)


def test_padding_changes_nothing(model: EncoderDecoder) -> None:
    source, target = torch.randint(1, 30, (1, 4)), torch.randint(1, 30, (1, 6))
    short = model(source, torch.ones(1, 4, dtype=torch.bool), target, ALL[:1])
    padded = torch.cat((source, torch.randint(1, 30, (1, 4))), dim=1)
    torch.testing.assert_close(model(padded, torch.arange(8)[None] < 4, target, ALL[:1]), short, atol=1e-5, rtol=1e-5)


def test_what_is_not_wanted_is_left_out_and_changes_nothing(model: EncoderDecoder) -> None:
    source, target = torch.randint(1, 30, (5, 8)), torch.randint(1, 30, (5, 6))
    keep = torch.arange(8) < torch.tensor([[8], [3], [1], [5], [8]])
    wanted = torch.arange(6) < torch.tensor([[2], [6], [1], [3], [4]])
    logits = model(source, keep, target, wanted)
    torch.testing.assert_close(logits, model(source, keep, target, ALL).view(5, 6, 30)[wanted], atol=1e-5, rtol=1e-5)
    others = torch.where(wanted, target, torch.randint(1, 30, (5, 6)))
    assert torch.equal(model(source, keep, others, wanted), logits)


def test_a_memory_can_be_reordered_and_repeated(model: EncoderDecoder) -> None:
    source, target = torch.randint(1, 30, (3, 8)), torch.randint(1, 30, (3, 2))
    keep = torch.ones(3, 8, dtype=torch.bool)
    _, memory = model.write(target[:, 0], model.read(source, keep))
    rows = torch.tensor([2, 0, 2, 1])
    logits, _ = model.write(target[rows, 1], memory.take(rows))
    expected = model(source, keep, target, ALL[:3, :2]).view(3, 2, 30)
    torch.testing.assert_close(logits, expected[rows, 1], atol=1e-5, rtol=1e-5)


def test_encoder_decoder_and_output_share_their_embeddings(model: EncoderDecoder) -> None:
    tables = [weight for weight in model.parameters() if weight.shape[0] == 30]
    assert len(tables) == 1
