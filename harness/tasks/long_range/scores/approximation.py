"""The case `approximation`: the error of attention that is estimated from random features."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.core.task import Score, checked, checked_parts
from harness.nn.returned import returned_tensor
from harness.run import Run
from harness.tasks.long_range.interface import SequenceClassifier


@dataclass(frozen=True)
class Estimation:
    """Attention to be estimated: standard normal queries, keys and values F32[L d].

    Queries and keys are multiplied by each of the `scales`. `features` are the numbers of random projections, and each
    estimate is drawn `draws` times.
    """

    features: tuple[int, ...]
    scales: tuple[float, ...]
    draws: int
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray


def estimation_errors(system: SequenceClassifier, case: Estimation, run: Run) -> Iterator[Score]:
    """For every scale and number of features: the median over the draws of the relative squared errors of attention
    matrix and output, and the share of queries whose divisor is not positive."""
    q, k, v = (torch.tensor(array, device=run.device) for array in (case.q, case.k, case.v))
    generator = torch.Generator().manual_seed(run.seed("projections"))
    for scale, m in itertools.product(case.scales, case.features):
        exact = torch.softmax((scale * q) @ (scale * k).T / q.shape[-1] ** 0.5, dim=-1)
        errors = np.array([_draw(system, (scale * q, scale * k, v), m, generator, exact) for _ in range(case.draws)])
        matrix, output, negative = checked("features", errors, (case.draws, 3)).T
        at = {"m": m, "scale": scale}
        yield Score("matrix_error", float(np.median(matrix)), case.draws, case.draws, at)
        yield Score("output_error", float(np.median(output)), case.draws, case.draws, at)
        yield Score("negative_divisors", float(np.mean(negative)), case.draws * len(q), case.draws * len(q), at)


def _draw(
    system: SequenceClassifier,
    inputs: tuple[Tensor, Tensor, Tensor],
    m: int,
    generator: torch.Generator,
    exact: Tensor,
) -> tuple[float, float, float]:
    q, k, v = inputs
    queries, keys = checked_parts("features", system.features(q, k, m, generator), 2)
    queries = returned_tensor("features (of queries)", queries, (len(q), None))
    keys = returned_tensor("features (of keys)", keys, (len(k), queries.shape[1]))
    divisors = queries @ keys.sum(0)
    matrix = (queries / divisors[:, None]) @ keys.T
    return (
        _relative_error(matrix, exact),
        _relative_error(matrix @ v, exact @ v),
        float((divisors <= 0).float().mean()),
    )


def _relative_error(estimate: Tensor, exact: Tensor) -> float:
    return float((estimate - exact).square().sum() / exact.square().sum())
