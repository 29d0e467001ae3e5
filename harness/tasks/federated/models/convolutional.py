"""Convolutional networks. The channels of all clients lie side by side, so that one grouped convolution serves them
all."""

import torch
from torch import Tensor, nn

from harness.tasks.federated.models.dense import WHITE
from harness.tasks.federated.models.network import Network, Part, dense_parts
from harness.tasks.federated.problems.crops import central_crop

GROUPS = 2
"""The number of groups of channels of a group normalisation."""


class Convolutional(Network):
    """Two convolutions, a hidden layer and a read-out, on images U8[c b h w channels].

    Convolutions have the given `stride` and are followed by rectified linear units. With a stride of 1, 2x2 max pooling
    follows the second convolution. Without `hidden` units there is no hidden layer. With 32 and 64 channels, kernels of
    3x3 pixels, a stride of 1 and 128 hidden units this is the paper's network for EMNIST without its dropout.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        channels: tuple[int, int],
        hidden: int,
        kernel: int,
        stride: int,
    ) -> None:
        self.stride, self.padding = stride, kernel // 2 if stride > 1 else 0
        *sides, colours = shape
        for _ in channels:
            sides = [(side + 2 * self.padding - kernel) // stride + 1 for side in sides]
        if stride == 1:
            sides = [side // 2 for side in sides]
        flat = channels[1] * sides[0] * sides[1]
        parts: list[Part] = []
        for number, (inputs, outputs) in enumerate(zip((colours, channels[0]), channels, strict=True), 1):
            fan = inputs * kernel**2
            parts.append(Part(f"convolution{number}.weight", (outputs, inputs, kernel, kernel), fan))
            parts.append(Part(f"convolution{number}.bias", (outputs,), fan))
        parts += dense_parts("hidden", flat, hidden) if hidden else ()
        parts += dense_parts("read", hidden or flat, classes)
        super().__init__(parts, classes)

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        first, first_bias, second, second_bias, *layers = self.unpack(weights)
        x = merge_clients(inputs, weights.dtype)
        x = convolve(x, first, first_bias, self.stride, self.padding).relu()
        x = convolve(x, second, second_bias, self.stride, self.padding)
        if self.stride == 1:
            # Pooling before the rectified units gives the same result, and they have a quarter of the numbers to
            # compute.
            x = nn.functional.max_pool2d(x, 2)
        x = split_clients(x.relu(), len(weights)).flatten(2)
        if len(layers) > 2:
            x = torch.baddbmm(layers[1], x, layers[0]).relu()
        return torch.baddbmm(layers[-1], x, layers[-2])


class Residual(Network):
    """ResNet-18 with group instead of batch normalisation (Hsieh et al., 2020), for small images: the first convolution
    has 3x3 pixels and no pooling after it (He et al., 2016, section 4.2).

    It sees the central `side` x `side` pixels of images U8[c b h w channels], and standardises each image. There are
    four stages of two blocks each, with 1, 2, 4 and 8 times `width` channels; the first block of every stage but the
    first has a stride of 2.
    """

    def __init__(self, side: int, colours: int, classes: int, width: int = 64) -> None:
        self.side = side
        self.blocks = [
            (inputs * width, outputs * width, stride)
            for inputs, outputs, stride in (
                *((1, 1, 1), (1, 1, 1), (1, 2, 2), (2, 2, 1), (2, 4, 2), (4, 4, 1), (4, 8, 2), (8, 8, 1)),
            )
        ]
        parts = _normalised_convolution("stem", colours, width, 3)
        for number, (inputs, outputs, _) in enumerate(self.blocks):
            parts += _normalised_convolution(f"block{number}.first", inputs, outputs, 3)
            parts += _normalised_convolution(f"block{number}.second", outputs, outputs, 3)
            if inputs != outputs:
                parts += _normalised_convolution(f"block{number}.shortcut", inputs, outputs, 1)
        super().__init__([*parts, *dense_parts("read", self.blocks[-1][1], classes)], classes)

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        parts = iter(self.unpack(weights))

        def layer(x: Tensor, stride: int = 1) -> Tensor:
            kernel, scale, shift = next(parts), next(parts), next(parts)
            x = convolve(x, kernel, None, stride, kernel.shape[-1] // 2)
            return nn.functional.group_norm(x, GROUPS * len(weights), scale.flatten(), shift.flatten())

        x = layer(_standardise(merge_clients(central_crop(inputs, self.side), weights.dtype), inputs.shape[-1])).relu()
        for incoming, outgoing, stride in self.blocks:
            y = layer(layer(x, stride).relu())
            x = (y + (x if incoming == outgoing else layer(x, stride))).relu()
        x = split_clients(x.mean((2, 3)), len(weights))
        read, bias = parts
        return torch.baddbmm(bias, x, read)


def merge_clients(images: Tensor, dtype: torch.dtype) -> Tensor:
    """F[b c*channels h w]: images U8[c b h w channels], scaled to values between 0 and 1."""
    merged = images.permute(1, 0, 4, 2, 3).flatten(1, 2).to(dtype) / WHITE
    # Grouped convolutions are up to twice as fast on a processor in this layout.
    return merged.contiguous(memory_format=torch.channels_last)


def split_clients(x: Tensor, clients: int) -> Tensor:
    """F[c b channels ...]: x F[b c*channels ...] with an axis of its own for clients."""
    return torch.unflatten(x, 1, (clients, -1)).transpose(0, 1)


def convolve(x: Tensor, kernel: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """F[b c*o h w]: x F[b c*i h w] convolved with the kernels F[c o i k k] and biases F[c o] of c clients."""
    flat = None if bias is None else bias.flatten()
    return nn.functional.conv2d(x, kernel.flatten(0, 1), flat, stride, padding, groups=len(kernel))


def _standardise(x: Tensor, channels: int) -> Tensor:
    """x F[b c*channels h w] with each image scaled to mean 0 and standard deviation 1 over all its pixels."""
    images = torch.unflatten(x, 1, (-1, channels)).flatten(2)
    # An image of a single colour has no deviation to divide by.
    smallest = images.shape[-1] ** -0.5
    images = (images - images.mean(-1, keepdim=True)) / images.std(-1, correction=0, keepdim=True).clamp(min=smallest)
    return images.view_as(x).contiguous(memory_format=torch.channels_last)


def _normalised_convolution(name: str, inputs: int, outputs: int, kernel: int) -> list[Part]:
    return [
        Part(f"{name}.weight", (outputs, inputs, kernel, kernel), inputs * kernel**2),
        Part(f"{name}.scale", (outputs,), fill=1.0),
        Part(f"{name}.shift", (outputs,)),
    ]
