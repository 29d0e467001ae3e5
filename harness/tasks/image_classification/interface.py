"""What an entrant of the task implements: `ImageClassifier`, or the component `ImageModel`."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Annotated, Any, ClassVar, final

import numpy as np
from annotated_types import Gt
from torch import nn

from harness.core.entrant import Entrant, capability
from harness.nn.returned import returned_module
from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.image_classification.models.classifier import Classifier
from harness.tasks.image_classification.problems.images import Images, Resolutions, Shape


class ImageClassifier(Entrant):
    """Predicts the class of an image."""

    @abstractmethod
    def fit(self, images: Images, run: Run, /) -> None:
        """Learn from labelled images, drawn through `run.draw` at a cost of one example each."""

    @abstractmethod
    def logits(self, images: np.ndarray) -> np.ndarray:
        """F32[n classes]: the logits of images U8[n h w c]."""

    @capability
    def low_logits(self, images: np.ndarray) -> np.ndarray:
        """F32[n classes]: the logits of low images U8[n h w c], before the system learned from a high one. For systems
        that can be fitted to `Resolutions`."""
        raise NotImplementedError

    @capability
    def resized_logits(self, images: np.ndarray) -> np.ndarray:
        """F32[n classes]: the logits of high images U8[n h w c], before the system learned from one. For systems that
        can be fitted to `Resolutions`."""
        raise NotImplementedError

    @capability
    def model(self, shape: Shape, classes: int) -> nn.Module:
        """An untrained model by itself: a module F32[n c h w] in [-1, 1] -> F32[n classes]."""
        raise NotImplementedError


class ImageModel(ImageClassifier):
    """A model from pixels to classes. Everything but the model is held constant.

    Images, their order and augmentation, steps, optimizer, loss and precision are fixed by the task. `lr` is the peak
    of the learning rate; None stands for the task's setting.
    """

    lr: Annotated[float, Gt(0)] | None = None
    search_space: ClassVar[Mapping[str, Any]] = {"lr": [3e-4, 1e-3, 1e-2, 3e-2]}

    @abstractmethod
    def build(self, shape: Shape, classes: int) -> nn.Module:
        """A module F32[n c h w] in [-1, 1] -> F32[n classes] for images of the given `shape`.

        It is called in a block that seeds torch's global generator, so random numbers come from there.
        """

    def resized(self, module: nn.Module, shape: Shape) -> nn.Module:
        """The trained `module`, made ready for images of another shape: the same object, changed or not.

        By default nothing is changed, as for convolutions, which take images of any size.
        """
        return module

    @final
    def fit(self, images: Images | Resolutions, run: Run, /) -> None:
        """Train the model. With `Resolutions` it is trained on the low images, resized, and fine-tuned on the high
        ones."""
        first = images.low if isinstance(images, Resolutions) else images
        with seeded(run, "init"):
            network = returned_module("build", self.build(first.shape, first.classes))
            self.classifier = Classifier(network, first.classes, run).to(run.device)
        self.classifier.learn(first, run, lr=self.lr or run.settings["lr"])
        if isinstance(images, Resolutions):
            # Only a method is kept, so that `Entrant.weights` does not count the weights twice.
            self._low: Callable[[np.ndarray], np.ndarray] = deepcopy(self.classifier).answers
            resized = self.resized(self.classifier.network, images.high.shape)
            self.classifier.network = returned_module("resized", resized).to(run.device)
            self._resized: Callable[[np.ndarray], np.ndarray] = deepcopy(self.classifier).answers
            self.classifier.fine_tune(images.high, run)

    @final
    def logits(self, images: np.ndarray) -> np.ndarray:
        """The logits of the trained model."""
        return self.classifier.answers(images)

    @final
    def low_logits(self, images: np.ndarray) -> np.ndarray:
        """The logits of the model before it was resized."""
        return self._low(images)

    @final
    def resized_logits(self, images: np.ndarray) -> np.ndarray:
        """The logits of the resized model before fine-tuning."""
        return self._resized(images)

    @final
    def model(self, shape: Shape, classes: int) -> nn.Module:
        """An untrained model from `build`."""
        return self.build(shape, classes)
