"""What an entrant of the task implements: `SequenceClassifier`, or the component `Attention`."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Annotated, Any, ClassVar, final

import numpy as np
import torch
from annotated_types import Gt
from torch import Tensor, nn

from harness.core.entrant import Entrant, capability
from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.long_range.models.classifier import Classifier
from harness.tasks.long_range.problems.sequences import Sequences, Swap


class SequenceClassifier(Entrant):
    """Predicts the class of a sequence of tokens."""

    @abstractmethod
    def fit(self, sequences: Sequences, run: Run, /) -> None:
        """Learn from labelled sequences, drawn through `run.draw` at a cost of one example each."""

    @abstractmethod
    def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """F32[n classes]: the logits of tokens I64[n L], of which those with `keep` Bool[n L] are no padding."""

    @capability
    def swapped_logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """F32[n classes]: the logits before training, for systems that can be fitted to a `Swap`; arguments as in
        `logits`."""
        raise NotImplementedError

    @capability
    def attention(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        """An untrained attention by itself: a module (q, k, v: F32[B H L d], keep: Bool[B L]) -> F32[B H L d]."""
        raise NotImplementedError

    @capability
    def features(self, queries: Tensor, keys: Tensor, m: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """F32[... L r] each: the features of queries and keys F32[... L d] under one draw of m random projections.

        The product of a query's and a key's features estimates exp(q.k / sqrt(d)) up to positive factors: one for each
        query and one for all keys. They cancel when attention is normalised.
        """
        raise NotImplementedError


class Attention(SequenceClassifier):
    """A pre-norm Transformer encoder with an open attention.

    Embeddings, depth, width, heads, feed-forward layers, batches, steps, optimizer and loss are fixed by the task, and
    all weights outside the attention start from the same numbers for every entrant. `lr` is the peak of the learning
    rate; None stands for the task's setting.
    """

    lr: Annotated[float, Gt(0)] | None = None
    search_space: ClassVar[Mapping[str, Any]] = {"lr": [1e-3, 1.5e-3, 4e-3, 6e-3, 1e-2, 2e-2, 4e-2]}

    @abstractmethod
    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        """The attention of one layer, with `heads` heads of `width / heads` numbers and at most `max_length` positions.

        It is a module (q, k, v: F32[B H L d], keep: Bool[B L]) -> F32[B H L d] that mixes, for every query, the values
        of the kept keys, of which there is at least one; with `causal`, only of those that are not later than the
        query. Queries and keys are not yet scaled. `build` is called in a block that seeds torch's global generator, so
        random numbers come from there.
        """

    @final
    def fit(self, sequences: Sequences | Swap, run: Run, /) -> None:
        """Train the task's encoder with the entrant's attention in every layer; with a `Swap`, starting from its
        weights, and at the task's rate, since `lr` was chosen for training from scratch."""
        training = sequences.sequences if isinstance(sequences, Swap) else sequences
        lr = run.settings["lr"] if self.lr is None or isinstance(sequences, Swap) else self.lr
        with seeded(run, "init"):
            self.model = Classifier(training, run.settings, self.build).to(run.device)
        if isinstance(sequences, Swap):
            self.model.start_from(sequences.weights)
            # Only a method is kept, so that `Entrant.weights` does not count the weights twice.
            self._swapped: Callable[[np.ndarray, np.ndarray], np.ndarray] = deepcopy(self.model).answers
        self.model.learn(training, run, lr)

    @final
    def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """The logits at the first position of the last layer."""
        return self.model.answers(tokens, keep)

    @final
    def swapped_logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """The logits of the weights of the `Swap` with the entrant's attention, whose own weights are as they were
        built."""
        return self._swapped(tokens, keep)

    @final
    def attention(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        """An untrained attention from `build`."""
        return self.build(width, heads, max_length, causal)
