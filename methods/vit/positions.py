"""What tells a Transformer where a patch lies: learned embeddings of positions, in one dimension or two, or nothing."""

from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor, nn

PositionKind: TypeAlias = Literal["none", "1d", "2d"]
Grid: TypeAlias = tuple[int, int]
"""Rows and columns of patches."""

DEVIATION: Final = 0.02
"""Of the normal distribution that embeddings are drawn from."""


class Positions(nn.Module):
    """Adds nothing to tokens F32[n L D]: the bag of patches (appendix D.4, "no position embedding")."""

    def forward(self, tokens: Tensor) -> Tensor:
        """F32[n L D], the class token first if there is one."""
        return tokens

    def resized(self, grid: Grid) -> "Positions":
        """Those for another grid, interpolated between what was learned."""
        return self


class OneDimensional(Positions):
    """An embedding for each place in the sequence of tokens, of which the first `extra` are no patches."""

    def __init__(self, grid: Grid, width: int, extra: int) -> None:
        super().__init__()
        self.grid = grid
        self.extra = extra
        self.table = nn.Parameter(torch.randn(extra + grid[0] * grid[1], width) * DEVIATION)

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens + self.table

    def resized(self, grid: Grid) -> "OneDimensional":
        """Interpolated bilinearly on the grid, corners on corners, as by the authors; other tokens keep theirs."""
        found = OneDimensional(grid, self.table.shape[1], self.extra)
        with torch.no_grad():
            found.table[: self.extra] = self.table[: self.extra]
            planes = self.table[self.extra :].T.view(1, -1, *self.grid)
            found.table[self.extra :] = _interpolated(planes, grid).flatten(2)[0].T
        return found


class TwoDimensional(Positions):
    """An embedding for each row and one for each column, each half as wide as a token; tokens that are no patches have
    none."""

    def __init__(self, grid: Grid, width: int, extra: int) -> None:
        super().__init__()
        self.extra = extra
        self.rows, self.columns = (nn.Parameter(torch.randn(many, width // 2) * DEVIATION) for many in grid)

    def forward(self, tokens: Tensor) -> Tensor:
        h, w = len(self.rows), len(self.columns)
        halves = self.rows[:, None].expand(h, w, -1), self.columns[None].expand(h, w, -1)
        return tokens + nn.functional.pad(torch.cat(halves, dim=-1).flatten(0, 1), (0, 0, self.extra, 0))

    def resized(self, grid: Grid) -> "TwoDimensional":
        """Interpolated linearly along either axis, ends on ends."""
        found = TwoDimensional(grid, 2 * self.rows.shape[1], self.extra)
        with torch.no_grad():
            for old, new in ((self.rows, found.rows), (self.columns, found.columns)):
                new.copy_(_interpolated(old.T[None, :, :, None], (len(new), 1))[0, :, :, 0].T)
        return found


def positions(kind: PositionKind, grid: Grid, width: int, extra: int) -> Positions:
    """Those of a kind for a grid of patches and `extra` tokens before them."""
    if kind == "none":
        return Positions()
    return (OneDimensional if kind == "1d" else TwoDimensional)(grid, width, extra)


def _interpolated(planes: Tensor, grid: Grid) -> Tensor:
    """F32[1 D h w] -> F32[1 D *grid]."""
    return nn.functional.interpolate(planes, grid, mode="bilinear", align_corners=True)
