"""The network: what padding must not change, how it begins, and how it tells positions apart."""

import numpy as np
import pytest
import torch

from harness.tasks.mlm.models.network import Network
from harness.tasks.mlm.problems.pieces import MASK, PAD

VOCABULARY, LENGTH = 50, 12
SETTINGS = {"width": 16, "layers": 2, "heads": 4, "expansion": 2, "dropout": 0.0, "length": LENGTH}


@pytest.fixture(params=["distance", "learned"])
def network(request):
    torch.manual_seed(0)
    log_p = torch.linspace(-6, -2, VOCABULARY).log_softmax(dim=0)
    return Network(log_p, {**SETTINGS, "positions": request.param}).eval()


def batch(lengths):
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(5, VOCABULARY, (len(lengths), LENGTH), generator=generator)
    tokens[:, 1] = MASK
    tokens[torch.arange(LENGTH) >= torch.tensor(lengths)[:, None]] = PAD
    return tokens


def test_a_block_alone_has_the_logits_that_it_has_in_a_padded_batch(network):
    lengths = [12, 4, 7]
    tokens = batch(lengths)
    with torch.no_grad():
        together = network(tokens, tokens == MASK)
        for row, length in enumerate(lengths):
            alone = tokens[row : row + 1, :length]
            torch.testing.assert_close(network(alone, alone == MASK)[0], together[row], atol=1e-5, rtol=0)


def test_at_the_start_it_predicts_about_the_frequencies(network):
    tokens = batch([12] * 20)
    with torch.no_grad():
        found = network(tokens, tokens == MASK).log_softmax(dim=1)
    assert (found - network.bias).abs().mean() < 0.1


def test_the_order_of_the_words_matters(network):
    tokens = batch([12])
    turned = torch.cat([tokens[:, :2], tokens[:, 2:].flip(1)], dim=1)
    with torch.no_grad():
        before, after = network(tokens, tokens == MASK), network(turned, turned == MASK)
    assert (before - after).abs().max() > 1e-5


def test_every_weight_has_a_gradient(network):
    tokens = batch([12, 9])
    torch.nn.functional.cross_entropy(network(tokens, tokens == MASK), torch.tensor([5, 6])).backward()
    missing = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert missing == []


def test_the_read_out_shares_the_embeddings(network):
    shapes = [tuple(weight.shape) for weight in network.parameters()]
    assert shapes.count((VOCABULARY, SETTINGS["width"])) == 1
    assert np.prod((VOCABULARY, SETTINGS["width"])) < sum(weight.numel() for weight in network.parameters())
