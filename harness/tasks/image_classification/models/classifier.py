"""`Classifier`: how a model is trained and applied, the same for every model."""

import numpy as np
import torch
from torch import Tensor, nn

from harness.nn.returned import returned_tensor
from harness.nn.training import TrainingOptions, evaluating, shuffled_batches, train
from harness.run import Run
from harness.tasks.image_classification.problems.augmentation import augment
from harness.tasks.image_classification.problems.images import Images

ANSWER_BATCH = 250
"""The number of images that are classified at a time."""


class Classifier(nn.Module):
    """A network F32[n c h w] in [-1, 1] -> F32[n classes], evaluated in the task's precision."""

    def __init__(self, network: nn.Module, classes: int, run: Run) -> None:
        super().__init__()
        self.network = network
        self.classes = classes
        self.device = run.device
        self.precision = {"float32": torch.float32, "bfloat16": torch.bfloat16}[run.settings["precision"]]

    def forward(self, images: Tensor) -> Tensor:
        """F32[n classes]: the logits of images U8[n c h w]."""
        mixed = self.precision != torch.float32
        with torch.autocast(torch.device(self.device).type, self.precision if mixed else None, enabled=mixed):
            logits = self.network(images / 127.5 - 1)
        return returned_tensor("the model", logits, (len(images), self.classes)).float()

    def learn(self, images: Images, run: Run, lr: float) -> None:
        """Train by the run's settings, with `lr` as the peak of the learning rate. It uses the whole budget or, where a
        share of it is reserved for fine-tuning, the rest."""
        batch = run.settings["batch"]
        steps = round(run.budget.total // batch * (1 - run.settings["tune_share"]))
        options = TrainingOptions(
            lr=lr,
            warmup=run.settings["warmup"],
            weight_decay=run.settings["weight_decay"],
            betas=tuple(run.settings["betas"]),
        )
        self._train(images, run, batch, steps, options)

    def fine_tune(self, images: Images, run: Run) -> None:
        """Fine-tune on the remaining budget by stochastic gradient descent with momentum (Table 4)."""
        batch = run.settings["tune_batch"]
        options = TrainingOptions(
            optimizer="sgd", lr=run.settings["tune_lr"], warmup=run.settings["tune_warmup"], weight_decay=0.0
        )
        self._train(images, run, batch, (run.budget.total - run.spent) // batch, options)

    def _train(self, images: Images, run: Run, batch: int, steps: int, options: TrainingOptions) -> None:
        """Train for so many steps; an image costs one example. The order of images and their augmentation have random
        streams of their own."""
        pixels = channels_first(images.pixels).to(run.device)
        labels = torch.tensor(images.labels, device=run.device)
        generator = run.torch_rng("augmentation")

        def loss(rows: Tensor) -> Tensor:
            batch_images = augment(pixels[rows], run.settings["crop"], run.settings["flip"], generator)
            return nn.functional.cross_entropy(self(batch_images), labels[rows])

        order = shuffled_batches(len(labels), batch, run.torch_rng("order"))
        train(self, order, loss, run, cost=batch, options=options, steps=steps, state={})

    def answers(self, images: np.ndarray) -> np.ndarray:
        """F32[n classes]: the logits of images U8[n h w c]."""
        with evaluating(self):
            parts = [self(part.to(self.device)) for part in torch.split(channels_first(images), ANSWER_BATCH)]
        logits: np.ndarray = torch.cat(parts).cpu().numpy()
        return logits


def channels_first(pixels: np.ndarray) -> Tensor:
    """U8[n c h w]: the pixels U8[n h w c] with the channels before rows and columns."""
    return torch.tensor(pixels).permute(0, 3, 1, 2).contiguous()
