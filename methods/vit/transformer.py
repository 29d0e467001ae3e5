"""`VisionTransformer`: from pixels to tokens, through the encoder, to classes."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from harness.tasks.image_classification import Shape
from methods.vit.encoder import EPSILON, Block, GeluKind
from methods.vit.positions import Grid, PositionKind, positions
from methods.vit.sizes import Size


@dataclass(frozen=True)
class Options:
    """Everything that defines a Vision Transformer apart from its images.

    The class token or the mean of the patches is read out (`pool`), by a linear layer or, as in the paper's
    pre-training, by one with a hidden tanh layer before it (`head`). The paper does not say which `gelu` it uses; the
    authors' code has the tanh approximation.
    """

    size: Size
    positions: PositionKind = "1d"
    pool: Literal["token", "mean"] = "token"
    head: Literal["linear", "mlp"] = "linear"
    gelu: GeluKind = "exact"
    dropout: float = 0.0


class Embedding(nn.Module):
    """Turns images F32[n c h w] into tokens F32[n L D], row by row of a grid."""

    def grid(self, shape: Shape) -> Grid:
        """The numbers of rows and columns of tokens for images of a shape."""
        raise NotImplementedError


class Patches(Embedding):
    """A linear map from the pixels of each patch to its token: a convolution whose stride is its size."""

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.side = side
        self.project = nn.Linear(channels * side * side, width)
        nn.init.trunc_normal_(self.project.weight, std=math.sqrt(1 / self.project.in_features))
        nn.init.zeros_(self.project.bias)

    def grid(self, shape: Shape) -> Grid:
        """The numbers of rows and columns of patches. Raises `ValueError` if patches do not cover the image exactly."""
        height, width, _ = shape
        if height % self.side or width % self.side:
            raise ValueError(
                f"patches of {self.side} pixels do not cover images of {height}x{width}; patch must divide both"
            )
        return height // self.side, width // self.side

    def forward(self, images: Tensor) -> Tensor:
        """F32[n c h w] -> F32[n L D]. The pixels of a patch are ordered by channel."""
        n, channels, height, width = images.shape
        side = self.side
        parts = images.reshape(n, channels, height // side, side, width // side, side).permute(0, 2, 4, 1, 3, 5)
        tokens: Tensor = self.project(parts.reshape(n, -1, self.project.in_features))
        return tokens


class VisionTransformer(nn.Module):
    """Equations 1 to 4: the tokens of images with a learned class token before them, positions, the encoder, a
    normalisation and a linear read-out that starts at zero."""

    def __init__(self, embed: Embedding, shape: Shape, classes: int, options: Options) -> None:
        super().__init__()
        size = options.size
        self.embed = embed
        self.token = nn.Parameter(torch.zeros(1, 1, size.width)) if options.pool == "token" else None
        self.positions = positions(options.positions, embed.grid(shape), size.width, extra=int(options.pool == "token"))
        self.dropout = nn.Dropout(options.dropout)
        self.blocks = nn.ModuleList(Block(size, options.dropout, options.gelu) for _ in range(size.layers))
        self.norm = nn.LayerNorm(size.width, EPSILON)
        hidden = [nn.Linear(size.width, size.width), nn.Tanh()] if options.head == "mlp" else []
        read = nn.Linear(size.width, classes)
        nn.init.zeros_(read.weight)
        nn.init.zeros_(read.bias)
        self.head = nn.Sequential(*hidden, read)

    def resize(self, shape: Shape) -> None:
        """Change the model to images of another shape by interpolating the position embeddings."""
        self.positions = self.positions.resized(self.embed.grid(shape))

    def forward(self, images: Tensor) -> Tensor:
        """F32[n c h w] -> F32[n classes]."""
        tokens = self.embed(images)
        if self.token is not None:
            tokens = torch.cat([self.token.expand(len(tokens), -1, -1).to(tokens), tokens], dim=1)
        states = self.dropout(self.positions(tokens))
        *blocks, last = self.blocks
        for block in blocks:
            states = block(states)
        # In the last block only the tokens that are read out are computed.
        states = last(states, 1 if self.token is not None else None)
        logits: Tensor = self.head(self.norm(states).mean(1))
        return logits
