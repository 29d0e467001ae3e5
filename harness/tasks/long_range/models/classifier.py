"""The classifier: an encoder and a read-out, which are the same for every attention; its training and its answers."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from harness.nn.encoder import Encoder, EncoderOptions
from harness.nn.returned import returned_module
from harness.nn.training import TrainingOptions, evaluating, shuffled_batches, train
from harness.run import Run
from harness.tasks.long_range.problems.sequences import Sequences

ANSWER_BATCH = 64
"""The number of sequences that are classified at a time."""


class BuildAttention(Protocol):
    """Builds the attention of one layer; `Attention.build` documents it."""

    def __call__(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module: ...


class Classifier(nn.Module):
    """The encoder and a linear read-out at the first position, sized by a run's settings for the given sequences."""

    def __init__(self, sequences: Sequences, settings: Mapping[str, Any], attention: BuildAttention) -> None:
        super().__init__()
        options = EncoderOptions(
            vocabulary=sequences.vocabulary,
            max_length=sequences.tokens.shape[1],
            **{name: settings[name] for name in ("width", "layers", "heads", "expansion", "dropout")},
        )
        self.read = nn.Linear(options.width, sequences.classes)
        sizes = options.width, options.heads, options.max_length, False
        self.encoder = Encoder(options, lambda: returned_module("build", attention(*sizes)))

    def forward(self, tokens: Tensor, keep: Tensor) -> Tensor:
        logits: Tensor = self.read(self.encoder(tokens, keep)[:, 0])
        return logits

    def shared_weights(self) -> dict[str, np.ndarray]:
        """All weights by name, except the attention's own."""
        return {name: weight.detach().cpu().numpy() for name, weight in self.named_parameters() if _is_shared(name)}

    def start_from(self, weights: Mapping[str, np.ndarray]) -> None:
        """Copy the weights that `shared_weights` of another classifier returned; the attention's own weights stay as
        they are.

        Raises `ValueError` if the names of the weights differ.
        """
        shared = {name: weight for name, weight in self.named_parameters() if _is_shared(name)}
        if shared.keys() != weights.keys():
            raise ValueError(f"these are another classifier's weights: {sorted(shared.keys() ^ weights.keys())}")
        with torch.no_grad():
            for name, weight in shared.items():
                weight.copy_(torch.tensor(weights[name]))

    def learn(self, sequences: Sequences, run: Run, lr: float) -> None:
        """Train until the budget ends, by the run's settings and with `lr` as the peak of the learning rate. A sequence
        costs one example, and every epoch has a new order."""
        tokens, keep, labels = (
            torch.tensor(array, device=run.device) for array in (sequences.tokens, sequences.keep, sequences.labels)
        )

        def loss(rows: Tensor) -> Tensor:
            return nn.functional.cross_entropy(self(tokens[rows].long(), keep[rows]), labels[rows])

        batch = run.settings["batch"]
        order = shuffled_batches(len(labels), batch, run.torch_rng("order"))
        options = TrainingOptions(lr=lr, **{name: run.settings[name] for name in ("warmup", "decay", "weight_decay")})
        train(self, order, loss, run, cost=batch, options=options, state={})

    def answers(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """F32[n classes]: the logits of tokens I64[n L], of which those with `keep` Bool[n L] are no padding."""
        device = self.read.weight.device
        batches = zip(*(torch.split(torch.tensor(array), ANSWER_BATCH) for array in (tokens, keep)), strict=True)
        with evaluating(self):
            parts = [self(token_batch.to(device), keep_batch.to(device)) for token_batch, keep_batch in batches]
        logits: np.ndarray = torch.cat(parts).float().cpu().numpy()
        return logits


def _is_shared(name: str) -> bool:
    return ".attention." not in name
