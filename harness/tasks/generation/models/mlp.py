"""`Mlp`, a network of dense layers between noisy images and predictions; it is fast where images are small."""

from torch import Tensor, nn

from harness.tasks.generation.models.embedding import Embedding


class Mlp(nn.Module):
    """Residual blocks of two dense layers, told the noise level in every block."""

    def __init__(self, pixels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.embed = Embedding(width)
        self.enter = nn.Linear(pixels, width)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, pixels))
        nn.init.zeros_(self.leave[1].weight)  # type: ignore[arg-type]

    def forward(self, images: Tensor, level: Tensor) -> Tensor:
        """F32[n c h w]: the prediction for images F32[n c h w] at noise levels F32[n]."""
        level = self.embed(level)
        states = self.enter(images.flatten(1))
        for block in self.blocks:
            states = block(states, level)
        output: Tensor = self.leave(states).reshape(images.shape)
        return output


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.first = nn.LayerNorm(width), nn.Linear(width, width)
        self.condition, self.second = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, states: Tensor, level: Tensor) -> Tensor:
        changed = nn.functional.silu(self.first(self.norm(states)) + self.condition(level))
        output: Tensor = states + self.second(changed)
        return output
