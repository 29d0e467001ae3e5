"""A generative adversarial network with spectral normalisation."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from harness.nn.training import evaluating, seeded, shuffled_batches
from harness.run import Run
from harness.tasks.generation import ImageGenerator, Images, Samples, network_weights

MOST_WIDTH = 1024
LOGGED = 10
"""The number of points of the curve."""


class Gan(ImageGenerator):
    """DCGAN's convolutions (Radford et al., 2016) with a spectrally normalised discriminator and the hinge loss (Miyato
    et al., 2018).

    Both networks together have at most as many weights as the task's own network. Discriminator and generator learn by
    turns, a step each for a batch, by Adam with a constant rate `lr` (beta1 0, beta2 0.9); images are sampled with the
    exponential average of the generator's weights. An image of a batch costs one example.
    """

    name = "gan"
    search_space = {"lr": (1e-4, 2e-3)}
    lr: Annotated[float, Gt(0)] = 1e-3
    latent: Annotated[int, Gt(0)] = 64

    def fit(self, images: Images, run: Run, /) -> None:
        settings, batch = run.settings, run.settings["batch"]
        width = self._widest(images.shape, network_weights(images.shape, settings))
        with seeded(run):
            generator = Generator(images.shape, width, self.latent).to(run.device)
            critic = _critic(images.shape, width).to(run.device)
        average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(settings["average"]))  # type: ignore[no-untyped-call]
        optimizers = [torch.optim.Adam(part.parameters(), self.lr, (0.0, 0.9)) for part in (critic, generator)]
        signed, noise = 2 * images.brightness.to(run.device) - 1, run.torch_rng("noise")
        order = shuffled_batches(len(images), batch, run.torch_rng("order"))
        every = max(1, run.budget.total // batch // LOGGED)
        for step, rows in enumerate(run.draw(order, batch), start=1):
            with torch.no_grad():
                fake = generator(self._latents(batch, noise))
            apart = nn.functional.relu(1 - critic(signed[rows])).mean() + nn.functional.relu(1 + critic(fake)).mean()
            _step(optimizers[0], apart)
            _step(optimizers[1], -critic(generator(self._latents(batch, noise))).mean())
            average.update_parameters(generator)
            if step % every == 0:
                run.log(loss=apart.item())
        self.generator = average.module.requires_grad_(False)

    def generate(self, n: int, run: Run) -> Samples:
        latents = self._latents(n, run.torch_rng("sampling"))
        with evaluating(self.generator):
            parts = [self.generator(part) for part in torch.split(latents, run.settings["sample_batch"])]
        values = (torch.cat(parts).permute(0, 2, 3, 1) + 1) / 2
        return Samples(values.cpu().numpy(), 1)

    def _latents(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, self.latent, generator=generator, device=generator.device)

    def _widest(self, shape: tuple[int, int, int], limit: int) -> int:
        """The largest width at which both networks together have at most `limit` weights.

        Raises `ValueError` if there is none.
        """

        def weights(width: int) -> int:
            with torch.device("meta"):
                parts = [Generator(shape, width, self.latent), _critic(shape, width, lambda layer: layer)]
            return sum(weight.numel() for part in parts for weight in part.parameters())

        width = bisect_right(range(1, MOST_WIDTH), limit, key=weights)
        if not width:
            raise ValueError(f"two networks have {weights(1)} weights at least, more than {limit}")
        return width


class Generator(nn.Module):
    """Latents F32[n latent] -> images F32[n c h w] in [-1, 1]: a dense layer to a quarter of the resolution, and a
    convolution after each of two doublings.

    Batch normalisation always takes the statistics of the batch.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, latent: int) -> None:
        super().__init__()
        height, self.side, channels = shape
        self.sizes = [(-(-height // by), -(-self.side // by)) for by in (4, 2, 1)]
        self.width = 4 * width
        self.enter = nn.Linear(latent, self.width * self.sizes[0][0] * self.sizes[0][1])
        self.layers = nn.ModuleList(
            [nn.Conv2d(4 * width, 2 * width, 3, padding=1), nn.Conv2d(2 * width, width, 3, padding=1)]
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(wide, track_running_stats=False) for wide in (4 * width, 2 * width, width)
        )
        self.leave = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        first, *sizes = self.sizes
        states = self.norms[0](self.enter(latents).view(-1, self.width, *first)).relu()
        for size, layer, norm in zip(sizes, self.layers, list(self.norms)[1:], strict=True):
            states = norm(layer(nn.functional.interpolate(states, size=size))).relu()
        images: Tensor = self.leave(states).tanh()
        return images


def _critic(
    shape: tuple[int, int, int], width: int, normalised: Callable[[nn.Module], nn.Module] = spectral_norm
) -> nn.Module:
    """Images F32[n c h w] -> F32[n 1]: three spectrally normalised convolutions, two of them of stride 2."""
    height, side, channels = shape
    size = -(-height // 4) * -(-side // 4)
    return nn.Sequential(
        normalised(nn.Conv2d(channels, width, 3, padding=1)),
        nn.LeakyReLU(0.1),
        normalised(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)),
        nn.LeakyReLU(0.1),
        normalised(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1)),
        nn.LeakyReLU(0.1),
        nn.Flatten(),
        normalised(nn.Linear(4 * width * size, 1)),
    )


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
