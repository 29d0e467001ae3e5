"""The contrastive training loop, which is the same for the warm-up and for every negative sampler."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from harness.core.checkpoints import Stateful
from harness.core.errors import BadOutput
from harness.core.task import checked
from harness.nn.training import TrainingOptions, shuffled_batches, train
from harness.run import Run
from harness.tasks.retrieval.problems.collection import I64
from harness.tasks.retrieval.training.trace import Trace
from harness.tasks.retrieval.training.view import Batch, View

Sampler: TypeAlias = Callable[[Batch, View], I64]

GRADIENT_POINTS: Final = 5
"""The number of points of the curve at which norms of gradients are logged."""


def pairwise_loss(positive: Tensor, negative: Tensor) -> Tensor:
    """F32[n m]: `log(1 + exp(s- - s+))`, the negative log-likelihood of the scores s+ F32[n] against s- F32[n m]."""
    return functional.softplus(negative - positive[:, None])


def contrast(view: View, sampler: Sampler, run: Run, trace: Trace, *, batch: int, options: TrainingOptions) -> None:
    """Train the view's tower on batches of queries and documents that answer them, with the negatives of a sampler,
    until the budget ends.

    One example is a pair of a query and a document that answers it. Every pair is seen once before any is seen again.
    The loss is the mean over the examples of a batch and their negatives.
    """
    encoder = view.encoder
    every = max(1, run.budget.total // batch // GRADIENT_POINTS)

    def loss(pairs: Batch) -> Tensor:
        negatives = check_negatives(sampler(pairs, view), pairs, view)
        trace.remember(pairs.queries, negatives)
        n, m = negatives.shape
        queries = encoder.queries(on_device(pairs.queries))
        positive_rows = encoder.best_passages(queries, on_device(pairs.documents[:, None]))
        negative_rows = encoder.best_passages(queries, on_device(negatives))
        positives = encoder.documents(positive_rows.ravel())
        negative_vectors = encoder.documents(negative_rows.ravel()).view(n, m, -1)
        positive_scores = (queries * positives).sum(dim=1)
        return pairwise_loss(positive_scores, torch.einsum("nw,nmw->nm", queries, negative_vectors)).mean()

    def on_device(rows: I64) -> Tensor:
        return torch.from_numpy(rows).to(encoder.device)

    def advance(step: int) -> None:
        view.step = step
        trace.remember_gradients(encoder.tower)
        if step % every == 0:
            run.log(**{f"gradient_norm.{part}": norm for part, norm in trace.gradient_norms().items()})

    state: dict[str, Stateful] = {"view": view, "trace": trace}
    batches = _batches(view, run, batch)
    train(encoder.tower, batches, loss, run, cost=batch, options=options, after_step=advance, state=state)


def check_negatives(negatives: I64, batch: Batch, view: View) -> I64:
    """The negatives I64[n m] that a sampler returned. Raises `BadOutput` if they are not documents of the corpus that
    may be negatives of their queries."""
    negatives = checked("negatives", negatives, (len(batch.queries), None), "i")
    if negatives.size == 0 or negatives.min() < 0 or negatives.max() >= view.positives.corpus:
        raise BadOutput(
            f"negatives must return rows of the corpus (0 ... {view.positives.corpus - 1}), at least one a query"
        )
    if wrong := int((view.positives.grade(batch.queries, negatives) > 0).sum()):
        raise BadOutput(f"negatives returned {wrong} documents that answer their query (step {view.step})")
    if wrong := int((~view.allowed(batch.queries, negatives)).sum()):
        raise BadOutput(
            f"negatives returned {wrong} documents that are barred from their query (step {view.step}); "
            "ask view.allowed which are not"
        )
    return negatives


def _batches(view: View, run: Run, batch: int) -> Iterator[Batch]:
    is_relevant = view.positives.grades > 0
    queries, documents = view.positives.queries[is_relevant], view.positives.documents[is_relevant]
    for rows in shuffled_batches(len(queries), batch, run.torch_rng("order")):
        chosen = rows.cpu().numpy()
        yield Batch(queries[chosen], documents[chosen])
