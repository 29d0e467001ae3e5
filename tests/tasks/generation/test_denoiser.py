"""The denoiser and its networks: what they predict before training, and that training is the same for everyone."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.generation import Images, Noise, network_weights
from harness.tasks.generation.models.build import network
from harness.tasks.generation.models.denoiser import Denoiser
from harness.tasks.generation.training.denoising import largest_distance

Handle = Callable[..., Run]
SETTINGS = {
    "network": "unet", "width": 16, "multipliers": [1, 2], "blocks": 1, "patch": 2, "attention": False, "dropout": 0.0
}  # fmt: skip


class Silent(nn.Module):
    """Predicts that nothing remains to be guessed."""

    def forward(self, images: Tensor, level: Tensor) -> Tensor:
        return torch.zeros_like(images)


def noise(scale: float, std: float, n: int = 4000) -> Noise:
    return Noise(torch.full((n,), scale), torch.full((n,), std))


@pytest.mark.parametrize(("scale", "std"), [(1.0, 0.1), (0.3, 0.95), (1.0, 50.0), (0.0066, 1.0)])
def test_without_a_network_the_best_linear_guess_is_left(scale: float, std: float) -> None:
    """It is exact where the data are normal: then the score is that of a normal distribution."""
    denoiser = Denoiser(Silent(), mean=0.4, std=0.3)
    x = torch.randn(5, 1, 4, 4)
    level = noise(scale, std, 5)
    expected = -(x - scale * 0.4) / ((scale * 0.3) ** 2 + std**2)
    torch.testing.assert_close(denoiser.score(x, level), expected, rtol=1e-4, atol=1e-5)


def test_the_network_sees_unit_variance_and_predicts_it() -> None:
    seen: list[Tensor] = []

    class Spy(nn.Module):
        def forward(self, images: Tensor, level: Tensor) -> Tensor:
            seen.append(images)
            return torch.zeros_like(images)

    denoiser, generator = Denoiser(Spy(), mean=0.4, std=0.3), torch.Generator().manual_seed(0)
    clean = 0.4 + 0.3 * torch.randn(4000, 1, 4, 4, generator=generator)
    z = torch.randn(clean.shape, generator=generator)
    for scale, std in ((1.0, 0.05), (0.5, 0.8), (1.0, 30.0)):
        level = noise(scale, std)
        error = denoiser(scale * clean + std * z, level) - z
        assert float(seen[-1].std()) == pytest.approx(1, abs=0.02)
        # What remains of the noise, in units of the network's output.
        sigma = std / scale
        assert float(error.std()) == pytest.approx(0.3 / math.sqrt(0.3**2 + sigma**2), rel=0.02)


def test_scores_stay_accurate_at_the_smallest_times() -> None:
    """At sub-VP's smallest deviation, 1e-6, the noise is not the difference of two large numbers."""
    denoiser = Denoiser(Silent(), mean=0.0, std=0.5)
    z = torch.randn(100, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    predicted = denoiser(1e-6 * z, noise(1.0, 1e-6, 100))
    assert float(predicted.abs().max()) < 1e-5


@pytest.mark.parametrize("changes", [{}, {"patch": 1, "multipliers": [1, 2, 2], "attention": True}, {"network": "mlp"}])
@pytest.mark.parametrize("shape", [(8, 8, 1), (14, 14, 3)])
def test_networks_begin_silent_and_keep_the_shape(changes: dict[str, object], shape: tuple[int, int, int]) -> None:
    settings = {**SETTINGS, **changes}
    height, width, channels = shape
    net = network(shape, settings)
    output = net(torch.randn(3, channels, height, width), torch.randn(3))
    assert output.shape == (3, channels, height, width)
    assert float(output.detach().abs().max()) < 0.5
    assert network_weights(shape, settings) == sum(weight.numel() for weight in net.parameters())


def test_the_level_of_noise_matters_to_every_network() -> None:
    for changes in ({}, {"network": "mlp"}):
        torch.manual_seed(0)
        net = network((8, 8, 1), {**SETTINGS, **changes})
        for weight in net.parameters():
            nn.init.normal_(weight, std=0.3)
        images = torch.randn(2, 1, 8, 8)
        assert not torch.allclose(net(images, torch.zeros(2)), net(images, torch.ones(2)), atol=1e-3)


def test_patches_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="images of 7x7 pixels cannot be cut into patches of 2x2"):
        network((7, 7, 1), SETTINGS)


def test_a_constant_image_set_is_refused() -> None:
    with pytest.raises(ValueError, match="all pixels of the training images are equal"):
        Denoiser(Silent(), mean=0.5, std=0.0)


def test_the_largest_distance_is_in_units_of_brightness() -> None:
    pixels = np.zeros((3, 2, 2, 1), dtype=np.uint8)
    pixels[2] = 16
    images = Images(pixels, np.zeros(3, dtype=np.int64), 10, 17)
    assert largest_distance(images) == pytest.approx(2.0)


def test_the_first_weights_are_the_same_for_every_process(smoke: Handle) -> None:
    built = []
    for _ in range(2):
        with seeded(smoke(), "init"):
            built.append(network((8, 8, 1), SETTINGS).state_dict())
    assert all(torch.equal(built[0][name], built[1][name]) for name in built[0])
