"""The original of a swap: a classifier that is trained with exact softmax attention."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from torch import Tensor, nn

from harness.core.artefacts import Recipe
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.long_range.models.classifier import Classifier
from harness.tasks.long_range.problems.sequences import Sequences

ORIGINAL_SETTINGS: Final = (
    *("width", "layers", "heads", "expansion", "dropout"),
    *("batch", "lr", "warmup", "decay", "weight_decay"),
)
"""The settings that the original depends on."""


class ExactAttention(nn.Module):
    """Softmax attention, computed exactly by torch's fused kernel."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, keep: Tensor) -> Tensor:
        """q, k, v: F32[B H L d], keep: Bool[B L] -> F32[B H L d]."""
        mask = None if bool(keep.all()) else keep[:, None, None, :]
        return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)


@dataclass(frozen=True, kw_only=True)
class Original(Recipe):
    """The weights of the classifier after training on `examples` examples with exact softmax attention.

    `problem` is the digest of the problem that it was trained on.
    """

    problem: str
    seed: int
    examples: int
    settings: Mapping[str, Any]
    device: str = field(compare=False)
    sequences: Sequences = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Initialises and trains a classifier."""
        streams = Streams("long_range", self.seed, "original")
        run = Run(settings=self.settings, budget=Budget("examples", self.examples), streams=streams, device=self.device)
        with seeded(run):
            model = exact_classifier(self.sequences, run)
        model.learn(self.sequences, run, lr=self.settings["lr"])
        return model.shared_weights()


def original_weights(sequences: Sequences, problem: str, run: Run) -> dict[str, np.ndarray]:
    """The weights of the seed's original, from which every attention starts."""
    return run.artefact(
        Original(
            problem=problem,
            seed=run.seed("original"),
            examples=run.settings["original_examples"],
            settings={name: run.settings[name] for name in ORIGINAL_SETTINGS},
            device=run.device,
            sequences=sequences,
        )
    )


def exact_classifier(sequences: Sequences, run: Run) -> Classifier:
    """An untrained classifier with exact softmax attention."""
    return Classifier(sequences, run.settings, lambda *sizes: ExactAttention()).to(run.device)
