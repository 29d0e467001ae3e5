"""Sampling, training and Frechet distances beside plain loops and torchmetrics, on one thread."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.generation import Images, Noise, Sampling
from harness.tasks.generation.models.build import denoiser
from harness.tasks.generation.models.denoiser import Denoiser
from harness.tasks.generation.scores.frechet import Moments, frechet_distance
from harness.tasks.generation.training.denoising import learn
from methods.score_sde.score_sde import VpScoreSde

CARD = read_card(HARNESS / "tasks" / "generation" / "task.toml")
SETTINGS = CARD.resolve("small", "clothes").settings
SHAPE, ROUNDS, STEPS, SAMPLES, EVALUATIONS = (14, 14, 1), 5, 20, 100, 10
IMAGES, FEATURES, BATCH = 50_000, 2048, 1000


def by_turns(plain: Callable[[], object], own: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """The processor's seconds of the plain way over those of our own, round by round, so that both meet the same
    neighbours."""
    ratios = []
    for _ in range(rounds):
        seconds = []
        for way in (plain, own):
            start = time.process_time()
            way()
            seconds.append(time.process_time() - start)
        ratios.append(seconds[0] / seconds[1])
    return ratios


def note(benchmark: BenchmarkFixture, group: str, own: Callable[[], object], ratios: Sequence[float]) -> float:
    benchmark.group = group
    benchmark.pedantic(own, rounds=1)
    benchmark.extra_info["ratio"] = float(np.median(ratios))
    return float(np.median(ratios))


def test_sampling_is_as_fast_as_the_published_loop(benchmark: BenchmarkFixture) -> None:
    torch.manual_seed(0)
    model = denoiser(SHAPE, 0.0, 0.7, SETTINGS).eval().requires_grad_(False)
    process = VpScoreSde().build(1.0)
    size = (SAMPLES, SHAPE[2], *SHAPE[:2])

    def published() -> Tensor:
        return published_sampling(model, size)

    def own() -> Tensor:
        with torch.inference_mode():
            return process.sample(model.score, size, Sampling("euler_maruyama", EVALUATIONS, torch.Generator()))

    published()
    # The network takes nearly all of the time of both.
    ratio = note(benchmark, "sampling of 14x14 images", own, by_turns(published, own, 21))
    assert ratio >= 1


def published_sampling(model: Denoiser, size: tuple[int, ...]) -> Tensor:
    """Euler and Maruyama's steps for VP in the manner of the authors' code, on the task's network: an image has a time
    of its own, the score asks the equation for its deviation, and drift and diffusion are made for each step anew."""

    def marginal(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        log_scale = -0.25 * t**2 * 19.9 - 0.5 * t * 0.1
        return torch.exp(log_scale)[:, None, None, None] * x, torch.sqrt(1 - torch.exp(2 * log_scale))

    def score(x: Tensor, t: Tensor) -> Tensor:
        scale, _ = marginal(torch.ones(len(x), 1, 1, 1), t)
        _, std = marginal(torch.zeros_like(x), t)
        predicted: Tensor = -model(x, Noise(scale.flatten(), std)) / std[:, None, None, None]
        return predicted

    def reverse(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        beta = 0.1 + t * 19.9
        diffusion = torch.sqrt(beta)
        drift = -0.5 * beta[:, None, None, None] * x - diffusion[:, None, None, None] ** 2 * score(x, t)
        return drift, diffusion

    x = torch.randn(size)
    passed = -1 / EVALUATIONS
    with torch.no_grad():
        for time_now in torch.linspace(1, 1e-3, EVALUATIONS):
            z = torch.randn_like(x)
            drift, diffusion = reverse(x, torch.ones(len(x)) * time_now)
            mean = x + drift * passed
            x = mean + diffusion[:, None, None, None] * np.sqrt(-passed) * z
    return mean


def test_a_training_step_costs_what_the_network_costs(benchmark: BenchmarkFixture) -> None:
    pixels = np.random.default_rng(0).integers(256, size=(2000, *SHAPE), dtype=np.uint8)
    images = Images(pixels, np.zeros(2000, dtype=np.int64), 10)
    batch = SETTINGS["batch"]
    process = VpScoreSde().build(1.0)

    def own() -> None:
        learn(
            images, process, Run(settings=SETTINGS, budget=Budget("examples", STEPS * batch), streams=Streams("x", 0))
        )

    def plain() -> None:
        """The same network, optimizer and average in the plainest loop."""
        torch.manual_seed(0)
        model = denoiser(SHAPE, 0.0, 0.7, SETTINGS)
        averaged = [weight.detach().clone() for weight in model.parameters()]
        optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, fused=True)
        data = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
        for _ in range(STEPS):
            clean = data[torch.randint(len(data), (batch,))]
            t = torch.rand(batch)
            summed = 0.1 * t + 19.9 * t**2 / 2
            noise, z = Noise(torch.exp(-summed / 2), torch.sqrt(1 - torch.exp(-summed))), torch.randn(clean.shape)
            level = noise.over(clean)
            loss = (model(level.scale * clean + level.std * z, noise) - z).square().mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            with torch.no_grad():
                torch._foreach_lerp_(averaged, list(model.parameters()), 0.01)

    plain()
    ratio = note(benchmark, f"{STEPS} training steps of the U-Net", own, by_turns(plain, own))
    assert ratio >= 0.9


def test_frechet_distance_is_as_fast_as_torchmetrics(benchmark: BenchmarkFixture) -> None:
    """Both see a batch at a time and keep no features."""
    rng = np.random.default_rng(0)
    batch = rng.standard_normal((BATCH, FEATURES)).astype(np.float32)

    class Given(nn.Module):
        num_features = FEATURES

        def forward(self, features: Tensor) -> Tensor:
            return features

    def own() -> float:
        sides = Moments(FEATURES), Moments(FEATURES)
        for i in range(IMAGES // BATCH):
            for k, side in enumerate(sides):
                side.add(np.roll(batch, 7 * i + k, axis=1))
        return frechet_distance(*sides)

    def plain() -> float:
        metric = FrechetInceptionDistance(feature=Given())
        for i in range(IMAGES // BATCH):
            for k in range(2):
                metric.update(torch.tensor(np.roll(batch, 7 * i + k, axis=1)), real=k == 0)
        return float(metric.compute())

    start = time.perf_counter()
    distance = own()
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    expected = plain()
    ratio = (time.perf_counter() - start) / seconds
    benchmark.group = f"Frechet distance of {IMAGES} x {FEATURES} features"
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info |= {"ratio": ratio, "seconds": seconds}
    assert distance == pytest.approx(expected, rel=1e-3, abs=0.1)
    assert ratio >= 1
