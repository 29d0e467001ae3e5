"""The training loop of all tasks that train their entrants' networks: schedule, clipping, curve, validation."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from harness.core.checkpoints import Stateful
from harness.core.run import Run

Batch = TypeVar("Batch")

CURVE_POINTS = 10


@dataclass(frozen=True)
class TrainingOptions:
    """AdamW with linear warm-up over a share of the steps, then cosine decay to zero, decay by the square root of the
    steps since the start (`rsqrt`), or none; and clipping of the gradient's global norm (0 = none).

    `optimizer` may be stochastic gradient descent with `momentum` instead (`sgd`).
    """

    optimizer: Literal["adamw", "sgd"] = "adamw"
    lr: float = 1e-3
    warmup: float = 0.1
    decay: Literal["cosine", "rsqrt", "constant"] = "cosine"
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    momentum: float = 0.9
    clip: float = 1.0

    def build(self, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimizer of the weights, at the peak of its rate."""
        if self.optimizer == "sgd":
            return torch.optim.SGD(
                weights, lr=self.lr, momentum=self.momentum, weight_decay=self.weight_decay, fused=True
            )
        return torch.optim.AdamW(weights, lr=self.lr, betas=self.betas, weight_decay=self.weight_decay, fused=True)

    def rate(self, step: int, steps: int) -> float:
        """The factor on `lr` at a step counted from 0; never 0 at the first step."""
        warm = max(1, round(self.warmup * steps))
        if step < warm:
            return (step + 1) / warm
        if self.decay == "constant":
            return 1.0
        if self.decay == "rsqrt":
            return math.sqrt(warm / (step + 1))
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def train(
    module: nn.Module,
    batches: Iterable[Batch],
    loss: Callable[[Batch], Tensor],
    run: Run,
    *,
    cost: int,
    options: TrainingOptions,
    steps: int | None = None,
    after_step: Callable[[int], None] | None = None,
    state: Mapping[str, Stateful] | None = None,
) -> None:
    """Minimise `loss(batch)` (a scalar) over the batches that the budget allows, each of which costs `cost`; over
    the first `steps` of them, if that is given.

    The mean loss between curve points is logged; a loss that is not finite, whichever step it is, ends the run as
    diverged. `after_step` is called with the number of steps done. `state` names all that training changes besides the
    module; with it, a long run that was killed goes on from its last checkpoint, as `Run.draw` says.
    """
    if steps is None:
        steps = max(1, run.budget.total // cost)
    else:
        batches = islice(batches, steps)
    weights = list(module.parameters())
    optimizer = options.build(weights)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: options.rate(step, steps))
    progress = _Progress(torch.zeros((), device=run.device))
    if state is not None:
        state = {"module": module, "optimizer": optimizer, "schedule": schedule, "progress": progress, **state}
    every = max(1, steps // CURVE_POINTS)
    module.train()
    for batch in run.draw(batches, cost, state):
        optimizer.zero_grad(set_to_none=True)
        value = loss(batch)
        value.backward()  # type: ignore[no-untyped-call]
        if options.clip:
            nn.utils.clip_grad_norm_(weights, options.clip)
        optimizer.step()
        schedule.step()
        progress.add(value.detach())
        if progress.summed == every:
            run.log(loss=progress.mean())
        if after_step is not None:
            after_step(progress.steps)
        run.validate_if_due()
    if progress.summed:
        run.log(loss=progress.mean())
    run.validate_if_due()
    module.eval()


class _Progress:
    """The number of steps done, and the sum of the `summed` losses since the last point of the curve."""

    def __init__(self, zero: Tensor) -> None:
        self.steps = self.summed = 0
        self._total = zero

    def add(self, loss: Tensor) -> None:
        """Take note of the loss of a step."""
        self.steps += 1
        self.summed += 1
        self._total += loss

    def mean(self) -> float:
        """The mean of the losses since the last point, from which on they are summed anew."""
        mean = float(self._total) / self.summed
        self._total.zero_()
        self.summed = 0
        return mean

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "summed": self.summed, "total": self._total}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.steps, self.summed = state_dict["steps"], state_dict["summed"]
        self._total.copy_(state_dict["total"])


@contextmanager
def seeded(run: Run, stream: str = "init") -> Iterator[None]:
    """Torch's global generator at the beginning of a stream for the block, as it was before afterwards."""
    devices = [torch.device(run.device)] if run.device != "cpu" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(run.seed(stream))
        yield


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients for the block; every submodule's own mode is restored afterwards."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def shuffled_batches(items: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless batches of indices I64[batch]: epoch after epoch in new orders, the last partial batch dropped.

    Raises `ValueError` if there are fewer items than one batch needs.
    """
    if items < batch:
        raise ValueError(f"{items} items do not fill a batch of {batch}")
    while True:
        order = torch.randperm(items, generator=generator, device=generator.device)
        yield from order[: items - items % batch].view(-1, batch)
