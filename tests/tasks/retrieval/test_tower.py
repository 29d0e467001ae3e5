"""The tower: what padding must not change, and the sizes of the paper's."""

import pytest
import torch

from harness.core.card import read_card
from harness.registry.headers import HARNESS
from harness.tasks.retrieval.models.tower import Tower, TowerOptions
from harness.tasks.retrieval.training.contrast import pairwise_loss
from harness.tasks.retrieval.training.warmup import ConstantSettings


@pytest.fixture(params=[0, 2], ids=["mean of words", "2 layers"])
def tower(request):
    torch.manual_seed(0)
    return Tower(TowerOptions(vocabulary=50, width=16, layers=request.param, heads=2, length=12)).eval()


def test_a_document_alone_is_encoded_as_in_a_padded_batch(tower):
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(1, 50, (5, 12), generator=generator, dtype=torch.int32)
    lengths = torch.tensor([12, 1, 4, 7, 3])
    tokens[torch.arange(12) >= lengths[:, None]] = 0
    with torch.no_grad():
        together = tower(tokens)
        for row, length in enumerate(lengths):
            torch.testing.assert_close(tower(tokens[row : row + 1, :length])[0], together[row], atol=1e-5, rtol=0)


def test_every_weight_belongs_to_one_part_and_every_layer_is_its_own(tower):
    parts = tower.parts()
    layers = [] if tower.layers is None else ["layers.0", "layers.1"]
    assert list(parts) == ["embedding", *layers, "head"]
    weights = [id(weight) for part in parts.values() for weight in part]
    assert sorted(weights) == sorted(map(id, tower.parameters()))


def test_an_empty_text_has_a_finite_vector(tower):
    with torch.no_grad():
        assert torch.isfinite(tower(torch.zeros(2, 12, dtype=torch.int32))).all()


def test_queries_and_documents_share_one_encoder_with_a_gradient_in_every_weight(tower):
    tokens = torch.arange(1, 37, dtype=torch.int32).view(3, 12)
    query, right, wrong = tower(tokens)
    pairwise_loss((query * right).sum()[None], (query * wrong).sum()[None, None]).sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in tower.parameters())


def test_the_paper_tier_has_the_papers_encoder_whose_layer_takes_a_step():
    """RoBERTa-base has 124.6 million weights; positions to 512 and no token types or pooling layer here."""
    card = read_card(HARNESS / "tasks" / "retrieval" / "task.toml")
    held = ConstantSettings.of(card.resolve("paper", "medquad").settings)
    with torch.device("meta"):
        tower = Tower(TowerOptions(held.vocabulary, held.width, held.layers, held.heads, held.document_tokens))
    assert sum(weight.numel() for weight in tower.parameters()) == pytest.approx(124.6e6, rel=0.01)
    shallow = Tower(TowerOptions(1000, held.width, 1, held.heads, held.document_tokens))
    optimizer = torch.optim.AdamW(shallow.parameters(), lr=held.lr)
    before = shallow.head[0].weight.detach().clone()
    query, one, other = shallow(torch.randint(1, 1000, (3, 8)))
    scores = torch.stack(((query * one).sum(), (query * other).sum()))
    pairwise_loss(scores, scores.flip(0)[:, None]).sum().backward()  # whichever is ahead, one margin is negative
    optimizer.step()
    assert (shallow.head[0].weight != before).any()
