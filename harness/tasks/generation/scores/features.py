"""`Extractor`: the features and classes of images, by which distances between sets of images are measured."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from harness.core.artefacts import Recipe
from harness.data.sets import inception
from harness.nn.training import evaluating
from harness.run import Run
from harness.tasks.generation.models.classifier import Classifier
from harness.tasks.generation.models.inception import Inception
from harness.tasks.generation.problems.images import Images, channels_first
from harness.tasks.generation.training.classifiers import trained

BATCH = 500


class Features(NamedTuple):
    """`features` F32[n d] and the probabilities of the `classes` F32[n c]."""

    features: np.ndarray
    classes: np.ndarray


class Extractor(ABC):
    """A fixed network from images to features, in evaluation mode."""

    network: nn.Module

    @abstractmethod
    def _apply(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Features and logits of images U8[n c h w]."""

    def features(self, images: Images) -> Features:
        """The features of all images, the last batch included. Raises `ValueError` if there are none."""
        if not len(images):
            raise ValueError("there are no images to extract features from")
        with evaluating(self.network):
            parts = [self._apply(batch) for batch in torch.split(channels_first(images.pixels), BATCH)]
        features, logits = (torch.cat(tensors).cpu() for tensors in zip(*parts, strict=True))
        return Features(features.numpy(), logits.softmax(dim=1).numpy())


class ClassifierExtractor(Extractor):
    """The harness's own classifier of the images that are learned from."""

    def __init__(self, learned: Images, run: Run) -> None:
        self.network: Classifier = trained(learned, run, noisy=False)
        self.levels, self.device = learned.levels, run.device

    def _apply(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        values = (pixels.to(self.device) + 0.5) / self.levels
        features = self.network.features(values, values.new_zeros(len(values)))
        return features, self.network.read(features)


@dataclass(frozen=True)
class InceptionWeights(Recipe):
    """The published weights of Inception, so that records state their digest as that of any extractor."""

    def build(self) -> dict[str, np.ndarray]:
        """Reads the weights. Raises `UserError` if they are absent or another file."""
        return inception.weights()


class InceptionExtractor(Extractor):
    """The Inception network of 2015, the extractor of the field."""

    def __init__(self, levels: int, run: Run) -> None:
        network = Inception()
        arrays = run.artefact(InceptionWeights())
        network.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
        self.network: Inception = network.eval().to(run.device)
        self.levels, self.device = levels, run.device

    def _apply(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        bright = (pixels.to(self.device).float() * 255 / (self.levels - 1)).to(torch.uint8)
        features = self.network.features(bright)
        return features, self.network.fc(features)
