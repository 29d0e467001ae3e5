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
from harness.core.training import seeded
from harness.run import Run
from harness.tasks.long_range.models.classifier import Classifier
from harness.tasks.long_range.problems.sequences import Sequences, Swap


class SequenceClassifier(Entrant):
    """Says to which class a sequence of tokens belongs."""

    @abstractmethod
    def fit(self, sequences: Sequences, run: Run, /) -> None:
        """Learn from labelled sequences, drawn through `run.draw`, one example a sequence."""

    @abstractmethod
    def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """F32[n classes] for tokens I64[n L] of which those in `keep` Bool[n L] count."""

    @capability
    def swapped_logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """`logits` as they were before training, for a system that can be fitted to a `Swap`."""
        raise NotImplementedError

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
    from the same numbers for every attention. `lr` is the learning rate at its peak; None = the task's setting.
    """

    lr: Annotated[float, Gt(0)] | None = None
    search_space: ClassVar[Mapping[str, Any]] = {"lr": (3e-4, 3e-3)}

    @abstractmethod
    def build(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        """One layer's attention between `heads` heads of `width / heads` numbers over at most `max_length` positions.

        module(q, k, v: F32[B H L d], keep: Bool[B L]) -> F32[B H L d]: for every query a mixture of the values whose
        keys are kept; at least one is. With `causal`, of those no later than the query. Queries and keys are not yet
        scaled. Called within a seeded block: torch's global generator draws what is random.
        """

    @final
    def fit(self, sequences: Sequences | Swap, run: Run, /) -> None:
        """Train the task's encoder with the entrant's attention in every layer; of a `Swap`, from its weights on."""
        learned = sequences.sequences if isinstance(sequences, Swap) else sequences
        with seeded(run, "init"):
            self.model = Classifier(learned, run.settings, self.build).to(run.device)
        if isinstance(sequences, Swap):
            self.model.start_from(sequences.weights)
            # Its answers alone, so that weights are not counted twice.
            self._swapped: Callable[[np.ndarray, np.ndarray], np.ndarray] = deepcopy(self.model).answers
        self.model.learn(learned, run, lr=self.lr or run.settings["lr"])

    @final
    def logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """From the first position of the last layer."""
        return self.model.answers(tokens, keep)

    @final
    def swapped_logits(self, tokens: np.ndarray, keep: np.ndarray) -> np.ndarray:
        """Those of the given weights with the entrant's attention, whose own weights are as they were built."""
        return self._swapped(tokens, keep)

    @final
    def attention(self, width: int, heads: int, max_length: int, causal: bool) -> nn.Module:
        """What `build` builds."""
        return self.build(width, heads, max_length, causal)
