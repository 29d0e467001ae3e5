"""`VisionTransformer`: from pixels to tokens, through the encoder, to classes."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from methods.vit.encoder import EPSILON, Block
from methods.vit.positions import Grid, PositionKind, positions
from methods.vit.sizes import Size


@dataclass(frozen=True)
class Options:
    """All of a Vision Transformer but its images.

    Read out is the class token or the mean of the patches (`pool`), by a linear layer or, as in the paper's
    pre-training, one with a hidden layer of hyperbolic tangents before it (`head`).
    """

    size: Size
    positions: PositionKind = "1d"
    pool: Literal["token", "mean"] = "token"
    head: Literal["linear", "mlp"] = "linear"
    dropout: float = 0.0


class Patches(nn.Module):
    """One linear map from the pixels of each patch to its token: a convolution whose stride is its size."""

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.side = side
        self.project = nn.Linear(channels * side * side, width)
        nn.init.trunc_normal_(self.project.weight, std=math.sqrt(1 / self.project.in_features))
        nn.init.zeros_(self.project.bias)

    def grid(self, height: int, width: int) -> Grid:
        """Rows and columns of patches of an image. Raises `ValueError` if they do not cover it exactly."""
        if height % self.side or width % self.side:
            raise ValueError(f"patches of {self.side} pixels do not cover {height}x{width}; choose a divisor of both")
        return height // self.side, width // self.side

    def forward(self, images: Tensor) -> Tensor:
        """F32[n c h w] -> F32[n patches D], row by row; in a patch, channel by channel."""
        n, channels, height, width = images.shape
        rows, columns = self.grid(height, width)
        parts = images.reshape(n, channels, rows, self.side, columns, self.side).permute(0, 2, 4, 1, 3, 5)
        tokens: Tensor = self.project(parts.reshape(n, rows * columns, -1))
        return tokens


class VisionTransformer(nn.Module):
    """Equations 1 to 4: tokens from `embed` (F32[n c h w] -> F32[n patches D]) on a `grid`, a learned class token before
    them, positions, the encoder, a normalisation and a head that starts at zero."""

    def __init__(self, embed: nn.Module, grid: Grid, classes: int, options: Options) -> None:
        super().__init__()
        size = options.size
        self.embed = embed
        self.token = nn.Parameter(torch.zeros(1, 1, size.width)) if options.pool == "token" else None
        self.positions = positions(options.positions, grid, size.width, extra=int(options.pool == "token"))
        self.dropout = nn.Dropout(options.dropout)
        self.blocks = nn.Sequential(*(Block(size, options.dropout) for _ in range(size.layers)))
        self.norm = nn.LayerNorm(size.width, EPSILON)
        hidden = [nn.Linear(size.width, size.width), nn.Tanh()] if options.head == "mlp" else []
        read = nn.Linear(size.width, classes)
        nn.init.zeros_(read.weight)
        nn.init.zeros_(read.bias)
        self.head = nn.Sequential(*hidden, read)

    def forward(self, images: Tensor) -> Tensor:
        """F32[n c h w] -> F32[n classes]."""
        tokens = self.embed(images)
        if self.token is not None:
            tokens = torch.cat([self.token.expand(len(tokens), -1, -1).to(tokens), tokens], dim=1)
        states = self.blocks(self.dropout(self.positions(tokens)))
        read = states[:, 0] if self.token is not None else states.mean(1)
        logits: Tensor = self.head(self.norm(read))
        return logits
