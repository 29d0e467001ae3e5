"""What an entrant of the task implements: `ImageClassifier`, or the component `ImageModel`."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Annotated, Any, ClassVar, final

import numpy as np
from annotated_types import Gt
from torch import nn

from harness.core.entrant import Entrant, capability
from harness.core.training import seeded
from harness.run import Run
from harness.tasks.image_classification.models.classifier import Classifier
from harness.tasks.image_classification.problems.images import Images, Resolutions, Shape


class ImageClassifier(Entrant):
    """Says which class an image belongs to."""

    @abstractmethod
    def fit(self, images: Images, run: Run, /) -> None:
        """Learn from labelled images, drawn through `run.draw`, one example an image."""

    @abstractmethod
    def logits(self, images: np.ndarray) -> np.ndarray:
        """F32[n classes] for images U8[n h w c]."""

    @capability
    def low_logits(self, images: np.ndarray) -> np.ndarray:
        """Of a system that can be fitted to `Resolutions`: `logits` of low images, before it saw a high one."""
        raise NotImplementedError

    @capability
    def resized_logits(self, images: np.ndarray) -> np.ndarray:
        """Of a system that can be fitted to `Resolutions`: `logits` of high images, before it learned from one."""
        raise NotImplementedError

    @capability
    def model(self, shape: Shape, classes: int) -> nn.Module:
        """An untrained model by itself: a module F32[n c h w] in [-1, 1] -> F32[n classes]."""
        raise NotImplementedError


class ImageModel(ImageClassifier):
    """A model from pixels to classes. Everything but the model is held constant.

    Images, their order and augmentation, steps, optimizer, loss and precision are the task's. `lr` is the learning rate
    at its peak; None = the task's setting.
    """

    lr: Annotated[float, Gt(0)] | None = None
    search_space: ClassVar[Mapping[str, Any]] = {"lr": (3e-4, 1e-2)}

    @abstractmethod
    def build(self, shape: Shape, classes: int) -> nn.Module:
        """A module F32[n c h w] in [-1, 1] -> F32[n classes] for images of a `shape` (rows, columns, channels).

        Called within a seeded block: torch's global generator draws what is random.
        """

    def resized(self, module: nn.Module, shape: Shape) -> nn.Module:
        """What `build` built, for images of another shape, with what it has learned: itself, changed or not.

        By default it takes images of any size, as convolutions do.
        """
        return module

    @final
    def fit(self, images: Images | Resolutions, run: Run, /) -> None:
        """Train the model; on `Resolutions`, first on the low images, then, resized, on the high ones."""
        first = images.low if isinstance(images, Resolutions) else images
        with seeded(run, "init"):
            self.classifier = Classifier(self.build(first.shape, first.classes), run).to(run.device)
        self.classifier.learn(first, run, lr=self.lr or run.settings["lr"])
        if isinstance(images, Resolutions):
            # Answers alone, so that weights are not counted twice.
            self._low: Callable[[np.ndarray], np.ndarray] = deepcopy(self.classifier).answers
            self.classifier.network = self.resized(self.classifier.network, images.high.shape).to(run.device)
            self._resized: Callable[[np.ndarray], np.ndarray] = deepcopy(self.classifier).answers
            self.classifier.tune(images.high, run)

    @final
    def logits(self, images: np.ndarray) -> np.ndarray:
        """Those of the trained model."""
        return self.classifier.answers(images)

    @final
    def low_logits(self, images: np.ndarray) -> np.ndarray:
        """Those of the model before it was resized."""
        return self._low(images)

    @final
    def resized_logits(self, images: np.ndarray) -> np.ndarray:
        """Those of the resized model before it was trained further."""
        return self._resized(images)

    @final
    def model(self, shape: Shape, classes: int) -> nn.Module:
        """What `build` builds."""
        return self.build(shape, classes)
