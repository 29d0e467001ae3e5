"""Near-lossless binarisation: an autoencoder with a binary middle layer."""

from typing import Annotated, Literal, TypeAlias

import numpy as np
import torch
from annotated_types import Ge, Gt, Le, Lt
from numpy.typing import NDArray

from harness.tasks.word_similarity import Binariser, Codes, two_sided

Scale: TypeAlias = Literal["sum", "mean"]

LIMIT = 1.0
"""Entries of vectors are clipped to this absolute value, which is the range of the decoder."""


class Nlb(Binariser):
    """Near-lossless binarisation (Tissier, Gravier & Habrard, 2019).

    The code of a vector x is `b = [W x > 0]` with W [k d], and it is decoded as `tanh(W' b + c)`. The same W encodes
    and decodes. It learns only through the decoder, because the steps of the encoder have no gradient: by stochastic
    gradient descent on half the squared error plus `penalty` / 2 times the sum of squares of W'W - I, which makes the
    bits differ. With `scale = "sum"`, as in the authors' program, the error is summed over a batch and its entries;
    with `"mean"` it is averaged, and at their `rate` the code then stays nearly random.

    `epochs`: passes over all words, each in another order. `batch`, `rate` and `momentum`: of the descent, whose rate
    is multiplied by `decay` after each pass. The authors make 5 passes, always in the same order, at a rate of 0.001,
    with which codes of 256 bits of vectors as narrow as here saturate. W is trained anew for every code length.
    """

    name = "nlb"
    from_tier = "small"

    epochs: Annotated[int, Ge(0)] = 10
    batch: Annotated[int, Gt(0)] = 75
    rate: Annotated[float, Gt(0)] = 3e-4
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.0
    decay: Annotated[float, Gt(0), Le(1)] = 0.95
    penalty: Annotated[float, Ge(0)] = 1.0
    scale: Scale = "sum"

    def encode(self, dense: NDArray[np.float32], k: int, rng: np.random.Generator) -> Codes:
        """Bool[V 2k]: the bits of the middle layer, and then their complements."""
        vectors = torch.from_numpy(np.clip(dense, -LIMIT, LIMIT))
        weights = self._learn(vectors, k, rng)
        bits: Codes = (vectors @ weights.T > 0).numpy()
        return two_sided(bits)

    def bits(self, k: int) -> float:
        """k, one bit for each unit of the middle layer."""
        return float(k)

    def _learn(self, vectors: torch.Tensor, k: int, rng: np.random.Generator) -> torch.Tensor:
        """F32[k d]: the trained weights W."""
        width = vectors.shape[1]
        weights = torch.from_numpy((rng.standard_normal((k, width)) / np.sqrt(width)).astype(np.float32))
        offset = torch.zeros(width)
        parameters = [weights.requires_grad_(), offset.requires_grad_()]
        descent = torch.optim.SGD(parameters, lr=self.rate, momentum=self.momentum)
        decay = torch.optim.lr_scheduler.ExponentialLR(descent, self.decay)
        for _ in range(self.epochs):
            order = torch.from_numpy(rng.permutation(len(vectors)))
            for rows in torch.split(order, self.batch):
                loss = autoencoding_loss(vectors[rows], weights, offset, self.penalty, self.scale)
                descent.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                descent.step()
            decay.step()
        return weights.detach()


def autoencoding_loss(
    vectors: torch.Tensor, weights: torch.Tensor, offset: torch.Tensor, penalty: float, scale: Scale
) -> torch.Tensor:
    """Half the squared error of the decoded vectors F32[B d], summed or averaged, plus the penalty on W F32[k d]. The
    encoder has no gradient."""
    bits = (vectors @ weights.detach().T > 0).to(vectors.dtype)
    squares = (torch.tanh(bits @ weights + offset) - vectors).square()
    gram = weights.T @ weights - torch.eye(vectors.shape[1])
    return (squares.sum() if scale == "sum" else squares.mean()) / 2 + penalty / 2 * gram.square().sum()
