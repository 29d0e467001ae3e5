"""Position embeddings: learned ones in one dimension or in two, or none."""

from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor, nn

PositionKind: TypeAlias = Literal["none", "1d", "2d"]
Grid: TypeAlias = tuple[int, int]
"""The numbers of rows and columns of patches."""

DEVIATION: Final = 0.02
"""The standard deviation of the initial embeddings."""


class Positions(nn.Module):
    """No position embeddings, so that the Transformer sees a bag of patches (appendix D.4)."""

    def forward(self, tokens: Tensor) -> Tensor:
        """F32[n L D] -> F32[n L D]; the class token, if there is one, is the first."""
        return tokens

    def resized(self, grid: Grid) -> "Positions":
        """The position embeddings for another grid, interpolated from the learned ones."""
        return self


class OneDimensional(Positions):
    """An embedding for each place in the sequence of tokens. The first `extra` tokens are no patches."""

    def __init__(self, grid: Grid, width: int, extra: int) -> None:
        super().__init__()
        self.grid = grid
        self.extra = extra
        self.table = nn.Parameter(torch.randn(extra + grid[0] * grid[1], width) * DEVIATION)

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens + self.table

    def resized(self, grid: Grid) -> "OneDimensional":
        """Interpolated bilinearly on the grid with corners aligned, as in the authors' code. Tokens that are no patches
        keep their embeddings."""
        new = OneDimensional(grid, self.table.shape[1], self.extra)
        with torch.no_grad():
            new.table[: self.extra] = self.table[: self.extra]
            planes = self.table[self.extra :].T.view(1, -1, *self.grid)
            new.table[self.extra :] = _interpolate(planes, grid).flatten(2)[0].T
        return new


class TwoDimensional(Positions):
    """An embedding for each row and one for each column, each half as wide as a token. Tokens that are no patches have
    none."""

    def __init__(self, grid: Grid, width: int, extra: int) -> None:
        super().__init__()
        self.extra = extra
        self.rows, self.columns = (nn.Parameter(torch.randn(length, width // 2) * DEVIATION) for length in grid)

    def forward(self, tokens: Tensor) -> Tensor:
        h, w = len(self.rows), len(self.columns)
        halves = self.rows[:, None].expand(h, w, -1), self.columns[None].expand(h, w, -1)
        return tokens + nn.functional.pad(torch.cat(halves, dim=-1).flatten(0, 1), (0, 0, self.extra, 0))

    def resized(self, grid: Grid) -> "TwoDimensional":
        """Interpolated linearly along each axis with ends aligned."""
        resized = TwoDimensional(grid, 2 * self.rows.shape[1], self.extra)
        with torch.no_grad():
            for old, new in ((self.rows, resized.rows), (self.columns, resized.columns)):
                new.copy_(_interpolate(old.T[None, :, :, None], (len(new), 1))[0, :, :, 0].T)
        return resized


def positions(kind: PositionKind, grid: Grid, width: int, extra: int) -> Positions:
    """The position embeddings of a kind for a grid of patches with `extra` tokens before them."""
    if kind == "none":
        return Positions()
    return (OneDimensional if kind == "1d" else TwoDimensional)(grid, width, extra)


def _interpolate(planes: Tensor, grid: Grid) -> Tensor:
    """F32[1 D h w] -> F32[1 D rows columns]."""
    return nn.functional.interpolate(planes, grid, mode="bilinear", align_corners=True)
