"""The loss: its values, its gradient, and that hard negatives keep it alive."""

import pytest
import torch

from harness.tasks.retrieval.training.contrast import pairwise_loss


@pytest.mark.parametrize(
    ("margin", "loss", "gradient"),
    [(0, 0.6931, 0.5), (1, 0.3133, 0.2689), (5, 0.00672, 0.00669), (10, 4.54e-5, 4.54e-5)],
)
def test_loss_and_gradient_by_margin(margin, loss, gradient):
    positive = torch.tensor([float(margin)], requires_grad=True)
    negative = torch.zeros(1, 1, requires_grad=True)
    value = pairwise_loss(positive, negative)
    value.sum().backward()
    assert value.item() == pytest.approx(loss, rel=2e-3)
    assert negative.grad.item() == pytest.approx(gradient, rel=2e-3)
    assert positive.grad.item() == pytest.approx(-gradient, rel=2e-3)


def test_gradient_of_a_linear_scorer_is_the_sigmoid_of_the_negated_margin():
    """With s = w . x the gradient in w is sigmoid(-margin) times the difference of the two inputs."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(6, generator=generator, requires_grad=True)
    right, wrong = torch.randn(2, 6, generator=generator)
    pairwise_loss((right @ weights)[None], (wrong @ weights)[None, None]).sum().backward()
    margin = (right - wrong) @ weights
    torch.testing.assert_close(weights.grad, torch.sigmoid(-margin).detach() * (wrong - right))


def test_every_negative_of_an_example_is_compared_with_its_own_positive():
    loss = pairwise_loss(torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 0.0, 2.0], [2.0, 1.0, 3.0]]))
    torch.testing.assert_close(loss[0], loss[1])
