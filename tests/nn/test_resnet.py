"""The residual body: standardised weights, groups of channels, sizes."""

from typing import Any

import pytest
import torch
from torch import nn

from harness.nn.resnet import ResNet, ResNetOptions
from harness.nn.standardised import StandardisedConv

SMALL = ResNetOptions(channels=1, blocks=(1, 2), strides=(1, 2), width=8, groups=4, root="small images")


def test_a_standardised_convolution_is_one_with_filters_of_mean_zero_and_variance_one() -> None:
    torch.manual_seed(0)
    conv, images = StandardisedConv(5, 7, 3, stride=2), torch.randn(2, 5, 9, 8)
    flat = conv.weight.flatten(1)
    weight = (flat - flat.mean(1, keepdim=True)) / flat.std(1, correction=0, keepdim=True)
    expected = nn.functional.conv2d(images, weight.view_as(conv.weight), stride=2, padding=1)
    torch.testing.assert_close(conv(images), expected, atol=1e-4, rtol=1e-4)


def test_scaling_and_shifting_its_filters_changes_nothing() -> None:
    torch.manual_seed(0)
    conv, images = StandardisedConv(5, 7, 3), torch.randn(2, 5, 9, 8)
    before = conv(images)
    with torch.no_grad():
        conv.weight.mul_(3).add_(2)
    torch.testing.assert_close(conv(images), before, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("root", "side", "out"), [("small images", 16, 8), ("photographs", 64, 8), ("photographs", 57, 8)]
)
def test_output_is_smaller_by_the_stride(root: Any, side: int, out: int) -> None:
    body = ResNet(ResNetOptions(channels=3, blocks=(1, 2), strides=(1, 2), width=8, groups=4, root=root))
    assert body(torch.randn(2, 3, side, side)).shape == (2, body.outputs, out, out)
    assert (body.outputs, -(-side // body.stride)) == (64, out)


def test_the_rest_of_the_batch_changes_nothing() -> None:
    torch.manual_seed(0)
    body, images = ResNet(SMALL).train(), torch.randn(4, 1, 8, 8)
    torch.testing.assert_close(torch.cat([body(image[None]) for image in images]), body(images), atol=1e-5, rtol=1e-4)


def test_the_maximum_of_the_root_sees_zeros_at_the_border() -> None:
    """As in Big Transfer: it pads with zeros and not with what no number is below."""
    body = ResNet(ResNetOptions(channels=1, blocks=(1,), strides=(1,), width=4, groups=2))
    body.root[0] = nn.Identity()
    found = body.root(torch.full((1, 1, 8, 8), -1.0))
    assert found[0, 0, 0, 0] == 0
    assert found[0, 0, 1, 1] == -1


def test_blocks_add_to_their_input_where_sizes_allow() -> None:
    torch.manual_seed(0)
    body = ResNet(SMALL)
    assert [block.shortcut is None for block in body.blocks] == [False, False, True]
    last, features = body.blocks[-1], torch.randn(1, 64, 4, 4)
    nn.init.zeros_(last.norm.weight)
    nn.init.zeros_(last.norm.bias)
    with torch.no_grad():
        for layer in last.branch:
            if isinstance(layer, nn.GroupNorm):
                layer.weight.zero_()
    torch.testing.assert_close(last(features), features)


def test_the_spatial_layer_can_be_replaced() -> None:
    asked = []

    def spatial(channels: int, stride: int) -> nn.Module:
        asked.append((channels, stride))
        return nn.AvgPool2d(stride)

    body = ResNet(SMALL, spatial)
    assert asked == [(8, 1), (16, 2), (16, 1)]
    assert body(torch.randn(1, 1, 8, 8)).shape == (1, 64, 4, 4)
