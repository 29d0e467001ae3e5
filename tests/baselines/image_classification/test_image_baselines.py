"""The residual baselines: sizes, start, lambda layers."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from baselines.image_classification.bit_resnet import BitResNet
from baselines.image_classification.lambda_layer import LambdaLayer
from baselines.image_classification.lambda_resnet import LambdaResNet
from harness.tasks.image_classification import ImageModel, Shape

CLOTHES = Shape(28, 28, 1)
PHOTOGRAPHS = Shape(224, 224, 3)


def weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize(("size", "factor", "millions"), [("R50", 1, 25.55), ("R101", 1, 44.54), ("R152", 2, 236.34)])
def test_big_transfer_s_models_have_their_number_of_weights(size: Any, factor: int, millions: float) -> None:
    with torch.device("meta"):
        module = BitResNet(size=size, factor=factor).build(PHOTOGRAPHS, 1000)
    assert weights(module) / 1e6 == pytest.approx(millions, abs=0.006)


@pytest.mark.parametrize(("depth", "scope", "millions"), [(1, 23, 15.0), (4, 7, 16.0)])
def test_a_lambda_resnet_50_has_about_its_number_of_weights(depth: int, scope: int, millions: float) -> None:
    with torch.device("meta"):
        module = LambdaResNet(depth=depth, scope=scope).build(PHOTOGRAPHS, 1000)
    assert weights(module) / 1e6 == pytest.approx(millions, abs=0.5)


@pytest.mark.parametrize("entrant", [BitResNet(), LambdaResNet()])
@pytest.mark.parametrize("shape", [Shape(8, 8, 1), CLOTHES, Shape(32, 32, 3), Shape(64, 64, 3)])
def test_before_training_logits_are_zero(entrant: ImageModel, shape: Shape) -> None:
    module = entrant.build(shape, 10)
    logits = module(torch.rand(2, shape.channels, shape.height, shape.width))
    assert torch.equal(logits, torch.zeros(2, 10))


@pytest.mark.parametrize("entrant", [BitResNet(), LambdaResNet()])
def test_images_of_another_size_need_no_other_weights(entrant: ImageModel) -> None:
    module = entrant.build(Shape(16, 16, 1), 10)
    before = dict(module.named_parameters())
    resized = entrant.resized(module, CLOTHES)
    assert resized(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    assert dict(resized.named_parameters()) == before


def layer(channels: int = 8, **options: int) -> LambdaLayer:
    torch.manual_seed(0)
    made = LambdaLayer(channels, **options).eval()
    with torch.no_grad():
        for norm in (made.query_norm, made.value_norm):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
            norm.weight.normal_()
            norm.bias.normal_()
    return made


def by_loops(made: LambdaLayer, image: Tensor) -> Tensor:
    """The definition, place by place and head by head, of one image F32[c h w]."""
    _, height, width = image.shape
    q, k, v = made.project(image[None]).split(
        (made.keys * made.heads, made.keys * made.depth, made.values * made.depth), 1
    )
    q = made.query_norm(q).view(made.heads, made.keys, height, width)
    k = k.view(made.depth, made.keys, -1).softmax(-1).view(made.depth, made.keys, height, width)
    v = made.value_norm(v).view(made.depth, made.values, height, width)
    reach = made.embedding.kernel_size[0] // 2
    out = torch.zeros(made.heads, made.values, height, width)
    for y in range(height):
        for x in range(width):
            mapping = torch.zeros(made.keys, made.values)
            for b in range(height):
                for a in range(width):
                    for u in range(made.depth):
                        key = k[u, :, b, a]
                        if abs(b - y) <= reach and abs(a - x) <= reach:
                            key = key + made.embedding.weight[:, u, b - y + reach, a - x + reach]
                        mapping += torch.outer(key, v[u, :, b, a])
            for head in range(made.heads):
                out[head, :, y, x] = mapping.T @ q[head, :, y, x]
    return out.flatten(0, 1)


@pytest.mark.parametrize("options", [{"depth": 1, "scope": 3}, {"depth": 2, "scope": 5}, {"depth": 2, "scope": 9}])
def test_a_lambda_layer_is_a_loop_over_places_and_their_contexts(options: dict[str, int]) -> None:
    made = layer(heads=2, keys=3, **options)
    images = torch.randn(2, 8, 5, 5)
    expected = torch.stack([by_loops(made, image) for image in images])
    torch.testing.assert_close(made(images), expected, atol=1e-5, rtol=1e-4)


def test_the_content_of_a_context_has_no_order() -> None:
    made = layer(heads=2, keys=3)
    nn.init.zeros_(made.embedding.weight)
    images, order = torch.randn(2, 8, 5, 5), torch.randperm(25)
    turned = images.flatten(2)[..., order].view_as(images)
    expected = made(images).flatten(2)[..., order].view_as(images)
    torch.testing.assert_close(made(turned), expected, atol=1e-5, rtol=1e-4)


def test_lambda_layers_refuse_channels_that_they_cannot_divide() -> None:
    with pytest.raises(ValueError, match="multiple of 4 heads"):
        LambdaLayer(10)
    with pytest.raises(ValueError, match="scope odd"):
        LambdaLayer(8, scope=4)


def test_a_lambda_resnet_differs_from_big_transfer_s_in_its_layers_alone() -> None:
    plain, changed = BitResNet().build(CLOTHES, 10), LambdaResNet().build(CLOTHES, 10)
    others = {name for name, _ in plain.named_parameters()} ^ {name for name, _ in changed.named_parameters()}
    assert others
    assert all(".branch.3" in name for name in others)
