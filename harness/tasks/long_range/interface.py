"""What an entrant of the task implements: `SequenceClassifier`, or the component `Attention`."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from harness.entrant import Entrant, capability
from harness.nn.encoder import Encoder, EncoderOptions
from harness.run import Run
from harness.training import TrainingOptions, evaluating, seeded, shuffled_batches, train

ANSWER_ROWS = 64
"""Sequences that are classified at a time."""


@dataclass(frozen=True)
class Sequences:
    """Labelled sequences: `tokens` I16[n L] below `vocabulary`, `keep` Bool[n L] (False = padding), `labels` I64[n]
    below `classes`. The first token of every sequence is kept, and asks the question that the label answers."""

    tokens: np.ndarray
    keep: np.ndarray
    labels: np.ndarray
    vocabulary: int
    classes: int


class SequenceClassifier(Entrant):
    """Says to which class a sequence of tokens belongs."""

    @abstractmethod
    def fit(self, sequences: Sequences, run: Run, /) -> None:
        """Learn from labelled sequences, drawn through `run.draw`, one example a sequence."""

    @abstractmethod
    def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """F32[n classes] for tokens I64[n L] of which those in `keep` Bool[n L] count."""

    @capability
    def attention(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        """An untrained attention by itself: a module (q, k, v: F32[B H L d], keep: Bool[B L]) -> F32[B H L d]."""
        raise NotImplementedError

    @capability
    def features(self, queries: Tensor, keys: Tensor, m: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """F32[... L r] each: features of queries and keys F32[... L d] under one draw of m random projections.

        The product of a query's and a key's features estimates exp(q.k / sqrt(d)), but for positive factors, one a
        query and one for all keys, which cancel when attention is normalised.
        """
        raise NotImplementedError


class Attention(SequenceClassifier):
    """A pre-norm Transformer encoder of which only the attention is open.

    Embeddings, depth, width, heads, feed-forward layers, batches, steps, optimizer and loss are the task's, and start
    from the same numbers for every attention.
    """

    @abstractmethod
    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        """One layer's attention between `heads` heads of `width / heads` numbers over at most `max_length` positions.

        module(q, k, v: F32[B H L d], keep: Bool[B L]) -> F32[B H L d]: for every query a mixture of the values whose
        keys are kept; at least one is. With `causal`, of those no later than the query. Queries and keys are not yet
        scaled. Called within a seeded block: torch's global generator draws what is random.
        """

    @final
    def fit(self, sequences: Sequences, run: Run, /) -> None:
        """Train the task's encoder with the entrant's attention in every layer."""
        settings = run.settings
        options = EncoderOptions(
            vocabulary=sequences.vocabulary,
            max_length=sequences.tokens.shape[1],
            **{name: settings[name] for name in ("width", "layers", "heads", "expansion", "dropout")},
        )
        with seeded(run, "init"):
            self.model = _Classifier(options, sequences.classes, self).to(run.device)
        tokens, keep, labels = (
            torch.tensor(array, device=run.device) for array in (sequences.tokens, sequences.keep, sequences.labels)
        )

        def loss(rows: Tensor) -> Tensor:
            return nn.functional.cross_entropy(self.model(tokens[rows].long(), keep[rows]), labels[rows])

        batch = settings["batch"]
        order = shuffled_batches(len(labels), batch, run.torch_rng("order"))
        train(self.model, order, loss, run, cost=batch, options=_training(settings))

    @final
    def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """From the first position of the last layer."""
        device = next(self.model.parameters()).device
        batches = zip(*(torch.split(torch.tensor(array), ANSWER_ROWS) for array in (tokens, keep)), strict=True)
        with evaluating(self.model):
            parts = [self.model(asked.to(device), kept.to(device)) for asked, kept in batches]
        found: np.ndarray = torch.cat(parts).float().cpu().numpy()
        return found

    @final
    def attention(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        """What `build` builds."""
        return self.build(width, heads, max_length, causal)


class _Classifier(nn.Module):
    """The encoder and a linear read-out at the first position."""

    def __init__(self, options: EncoderOptions, classes: int, entrant: Attention) -> None:
        super().__init__()
        self.read = nn.Linear(options.width, classes)
        self.encoder = Encoder(
            options, lambda: entrant.build(options.width, options.heads, options.max_length, causal=False)
        )

    def forward(self, tokens: Tensor, keep: Tensor) -> Tensor:
        logits: Tensor = self.read(self.encoder(tokens, keep)[:, 0])
        return logits


def _training(settings: Any) -> TrainingOptions:
    return TrainingOptions(**{name: settings[name] for name in ("lr", "warmup", "decay", "weight_decay")})
