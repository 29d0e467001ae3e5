"""The classifiers that the harness trains on the images of a run, shared by all its entrants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.core.artefacts import Recipe
from harness.core.canonical import array_digest
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.nn.training import TrainingOptions, seeded, shuffled_batches, train
from harness.run import Run
from harness.tasks.generation.models.classifier import Classifier, restored
from harness.tasks.generation.problems.images import Images, dequantised

BATCH = 128
LEAST_SIGMA, MOST_SIGMA = 0.005, 100.0
"""The noise that the classifier of noisy images is trained on: log-uniform between the two."""


@dataclass(frozen=True, kw_only=True)
class TrainedClassifier(Recipe):
    """The recipe of a classifier's weights: of clean images, or of images at all noise levels (`noisy`)."""

    images_digest: str
    width: int
    steps: int
    noisy: bool
    images: Images = field(compare=False, repr=False)
    device: str = field(compare=False)

    def build(self) -> dict[str, np.ndarray]:
        """Trains the classifier, from the same random numbers for all seeds."""
        budget, streams = Budget("examples", self.steps * BATCH), Streams("generation", 0, "classifier")
        run = Run(settings={}, budget=budget, streams=streams, device=self.device)
        with seeded(run):
            model = Classifier(self.images.shape[2], self.width, self.images.classes).to(self.device)
        order = shuffled_batches(len(self.images), min(BATCH, len(self.images)), run.torch_rng("order"))
        train(model, order, self._loss(model, run), run, cost=BATCH, options=TrainingOptions(lr=3e-3), steps=self.steps)
        return {name: weight.cpu().numpy() for name, weight in model.state_dict().items()}

    def _loss(self, model: Classifier, run: Run) -> Callable[[Tensor], Tensor]:
        brightness = self.images.brightness.to(run.device)
        labels = torch.tensor(self.images.labels, device=run.device)
        generator = run.torch_rng("noise")

        def loss(rows: Tensor) -> Tensor:
            images = dequantised(brightness[rows], self.images.levels, generator)
            sigma = images.new_zeros(len(rows))
            if self.noisy:
                share = torch.rand(len(rows), generator=generator, device=run.device)
                sigma = LEAST_SIGMA * (MOST_SIGMA / LEAST_SIGMA) ** share
            z = torch.randn(images.shape, generator=generator, device=run.device)
            return nn.functional.cross_entropy(model(images + sigma[:, None, None, None] * z, sigma), labels[rows])

        return loss


def trained(images: Images, run: Run, *, noisy: bool) -> Classifier:
    """The classifier of images, trained by the run's settings or taken from the cache."""
    settings: Mapping[str, Any] = run.settings
    recipe = TrainedClassifier(
        images_digest=array_digest({"pixels": images.pixels, "labels": images.labels}),
        width=settings["classifier_width"],
        steps=settings["classifier_steps"],
        noisy=noisy,
        images=images,
        device=run.device,
    )
    model = restored(run.artefact(recipe), images.shape[2], recipe.width, images.classes)
    return model.to(run.device)
