"""`UNet`, the convolutional network between noisy images and predictions."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.tasks.generation.models.embedding import Embedding

GROUP = 8
"""The number of channels in a group of the normalisations, at least."""


@dataclass(frozen=True)
class UNetOptions:
    """The size of a U-Net.

    It works on patches of `patch` x `patch` pixels. Stage i has `width` times `multipliers[i]` channels and `blocks`
    residual blocks on the way down (one more on the way up), at half the resolution of the stage before. `attention`
    puts self-attention after every block of the second stage (16 x 16 positions for CIFAR-10) and in the middle.
    """

    width: int
    multipliers: tuple[int, ...]
    blocks: int
    patch: int
    attention: bool
    dropout: float


class UNet(nn.Module):
    """Residual blocks with group normalisation whose scale and shift depend on the noise level, down to the coarsest
    resolution and up again, with the states of the way down as further inputs on the way up (Ho et al., 2020)."""

    def __init__(self, channels: int, options: UNetOptions) -> None:
        super().__init__()
        self.options, pixels = options, channels * options.patch**2
        embedding = 4 * options.width
        self.embed = Embedding(embedding)
        self.enter = nn.Conv2d(pixels, options.width, 3, padding=1)
        widths = [options.width * multiplier for multiplier in options.multipliers]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        width, kept = options.width, [options.width]
        for i, wide in enumerate(widths):
            if i:
                self.down.append(_Halve(width))
                kept.append(width)
            for _ in range(options.blocks):
                self.down.append(self._block(width, wide, i == 1))
                width = wide
                kept.append(width)
        self.middle = nn.ModuleList([self._block(width, width, True), self._block(width, width, False)])
        for i, wide in reversed(list(enumerate(widths))):
            for _ in range(options.blocks + 1):
                self.up.append(self._block(width + kept.pop(), wide, i == 1))
                width = wide
            if i:
                self.up.append(_Double(width))
        self.leave = nn.Sequential(_norm(width), nn.SiLU(), _zeroed(nn.Conv2d(width, pixels, 3, padding=1)))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor, level: Tensor) -> Tensor:
        """F32[n c h w]: the prediction for images F32[n c h w] at noise levels F32[n]. Height and width must be
        multiples of the patch."""
        level = self.embed(level)
        patches = nn.functional.pixel_unshuffle(images, self.options.patch)
        states = self.enter(patches.contiguous(memory_format=torch.channels_last))
        kept = [states]
        for layer in self.down:
            states = layer(states, level)
            kept.append(states)
        for layer in self.middle:
            states = layer(states, level)
        for layer in self.up:
            if isinstance(layer, _Double):
                states = layer(states, kept[-1].shape[-2:])
            else:
                states = layer(torch.cat([states, kept.pop()], dim=1), level)
        return nn.functional.pixel_shuffle(self.leave(states), self.options.patch)

    def _block(self, inputs: int, outputs: int, attends: bool) -> nn.Module:
        options = self.options
        return _Block(inputs, outputs, 4 * options.width, options.dropout, attends and options.attention)


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, embedding: int, dropout: float, attends: bool) -> None:
        super().__init__()
        self.norm, self.first = _norm(inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.condition = nn.Linear(embedding, 2 * outputs)
        self.second_norm, self.dropout = _norm(outputs), nn.Dropout(dropout)
        self.second = _zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.attention = _Attention(outputs) if attends else nn.Identity()

    def forward(self, states: Tensor, level: Tensor) -> Tensor:
        changed = self.first(nn.functional.silu(self.norm(states)))
        scale, shift = self.condition(level)[..., None, None].chunk(2, dim=1)
        changed = nn.functional.silu(torch.addcmul(shift, self.second_norm(changed), 1 + scale))
        output: Tensor = self.attention(self.shortcut(states) + self.second(self.dropout(changed)))
        return output


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.project = _norm(width), nn.Conv2d(width, 3 * width, 1)
        self.merge = _zeroed(nn.Conv2d(width, width, 1))

    def forward(self, states: Tensor) -> Tensor:
        heads = self.project(self.norm(states)).flatten(2).transpose(1, 2)[:, None]
        mixed = nn.functional.scaled_dot_product_attention(*heads.chunk(3, dim=-1))
        output: Tensor = states + self.merge(mixed[:, 0].transpose(1, 2).reshape(states.shape))
        return output


class _Halve(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(width, width, 3, stride=2, padding=1)

    def forward(self, states: Tensor, level: Tensor) -> Tensor:
        halved: Tensor = self.layer(states)
        return halved


class _Double(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, states: Tensor, size: Sequence[int]) -> Tensor:
        doubled: Tensor = self.layer(nn.functional.interpolate(states, size=tuple(size)))
        return doubled


def _norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(max(1, min(32, width // GROUP)), width)


def _zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    """The layer with weights of zero, so that a block begins as the identity."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
