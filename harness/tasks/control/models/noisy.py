"""Layers with noisy weights, by which an agent explores; how noisy they are is learned (Fortunato et al., 2018)."""

import math

import torch
from torch import Tensor, nn


class NoisyLinear(nn.Linear):
    """A linear layer with weights `weight + weight_deviation * outer(f(e_out), f(e_in))` and biases `bias +
    bias_deviation * f(e_out)`, where e are standard normal numbers and f(x) = sign(x) sqrt(|x|).

    The deviations are learned, and begin at `scale` / sqrt(inputs). Noise stays as it is until it is drawn again; it is
    zero until it is drawn first, and there is none in evaluation.
    """

    noise_in: Tensor
    noise_out: Tensor

    def __init__(self, inputs: int, outputs: int, scale: float) -> None:
        super().__init__(inputs, outputs)
        start = scale / math.sqrt(inputs)
        self.weight_deviation = nn.Parameter(torch.full((outputs, inputs), start))
        self.bias_deviation = nn.Parameter(torch.full((outputs,), start))
        self.register_buffer("noise_in", torch.zeros(inputs))
        self.register_buffer("noise_out", torch.zeros(outputs))

    def draw(self, generator: torch.Generator) -> None:
        """Draw new noise."""
        for noise in (self.noise_in, self.noise_out):
            drawn = torch.randn(noise.shape, generator=generator, device=generator.device)
            noise.copy_(drawn.sign() * drawn.abs().sqrt())

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        weight = self.weight + self.weight_deviation * torch.outer(self.noise_out, self.noise_in)
        return nn.functional.linear(x, weight, self.bias + self.bias_deviation * self.noise_out)


def draw_noise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw new noise for all noisy layers of a module."""
    for part in module.modules():
        if isinstance(part, NoisyLinear):
            part.draw(generator)
