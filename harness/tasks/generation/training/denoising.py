"""How a denoiser is trained, the same for every process."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from harness.core.task import checked_instance, checked_number
from harness.nn.returned import returned_like, returned_tensor
from harness.nn.training import TrainingOptions, seeded, shuffled_batches, train
from harness.run import Run
from harness.tasks.generation.models.build import denoiser
from harness.tasks.generation.models.denoiser import Denoiser
from harness.tasks.generation.models.process import Drawn, Process
from harness.tasks.generation.problems.images import Images
from harness.tasks.generation.problems.noise import Noise

DISTANT_IMAGES = 1000
"""The number of images among which the largest distance is looked for."""


def largest_distance(images: Images) -> float:
    """The largest Euclidean distance between two images with values from 0 to 1, among the first ones (Song and Ermon,
    2020, Technique 1)."""
    values = torch.tensor(images.pixels[:DISTANT_IMAGES]).flatten(1).float() / (images.levels - 1)
    return float(torch.cdist(values, values).max())


def learn(images: Images, process: Process, run: Run) -> Denoiser:
    """A denoiser trained until the budget ends, with the weights' exponential average. An image costs one example."""
    settings = run.settings
    brightness = images.brightness
    clean = returned_like("from_brightness", process.from_brightness(brightness), brightness).to(run.device)
    with seeded(run, "init"):
        mean = checked_number("from_brightness (mean)", float(clean.mean()))
        model = denoiser(images.shape, mean, float(clean.std()), settings).to(run.device)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings["average"]))  # type: ignore[no-untyped-call]
    options = TrainingOptions(
        **{name: settings[name] for name in ("lr", "warmup", "decay", "clip")}, betas=(0.9, 0.999), weight_decay=0.0
    )
    order = shuffled_batches(len(images), settings["batch"], run.torch_rng("order"))
    loss = _loss(model, process, clean, run)
    train(
        model,
        order,
        loss,
        run,
        cost=settings["batch"],
        options=options,
        after_step=lambda step: average.update_parameters(model),
        state={"average": average},
    )
    averaged = average.module.eval().requires_grad_(False)
    assert isinstance(averaged, Denoiser)
    return averaged


def drawn(process: Process, n: int, generator: torch.Generator) -> Drawn:
    """The noise levels and weights of a batch of n items."""
    noise, weight = checked_instance("draw", process.draw(n, generator), Drawn)
    for level in checked_instance("draw (noise)", noise, Noise):
        returned_tensor("draw (noise)", level, (n,) if np.ndim(level) else ())
    return Drawn(noise, returned_tensor("draw (weight)", weight, (n,)))


def _loss(model: Denoiser, process: Process, images: Tensor, run: Run) -> Callable[[Tensor], Tensor]:
    """The mean squared error of the predicted noise, weighted by the process, as a function of rows I64[batch] of
    the images F32[n c h w]."""
    generator, flip = run.torch_rng("noise"), run.settings["flip"]

    def loss(rows: Tensor) -> Tensor:
        clean = images[rows]
        if flip:
            mirrored = torch.rand(len(rows), 1, 1, 1, generator=generator, device=clean.device) < 0.5
            clean = torch.where(mirrored, clean.flip(-1), clean)
        noise, weight = drawn(process, len(rows), generator)
        z = torch.randn(clean.shape, generator=generator, device=clean.device)
        level = noise.over(clean)
        errors = (model(level.scale * clean + level.std * z, noise) - z).square().flatten(1).mean(dim=1)
        weighted: Tensor = (weight * errors).mean()
        return weighted

    return loss
