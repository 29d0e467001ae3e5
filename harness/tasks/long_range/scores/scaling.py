"""The case `scaling`: what a forward and a backward pass of the attention alone cost, by length."""

import ctypes
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
import torch
from torch import nn

from harness.core import limits
from harness.core.task import Score
from harness.core.training import seeded
from harness.run import Run
from harness.tasks.long_range.interface import SequenceClassifier

FEW: Final = 16
"""Positions of the pass before all others."""


@dataclass(frozen=True)
class Scaling:
    """Queries, keys and values F32[H L d] of the longest sequence; shorter ones are their beginnings.

    At each of the `lengths`, one pass warms up and `repeats` passes are timed, one sequence at a time.
    """

    lengths: tuple[int, ...]
    repeats: int
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray


def step_costs(system: SequenceClassifier, case: Scaling, run: Run) -> Iterator[Score]:
    """The median time of a pass, and the most memory that it takes beyond what the process has before: by length.

    On a processor every length has a process of its own, of one thread, for memory that was once held never shows
    in what comes after.
    """
    for length in case.lengths:
        if run.device == "cpu":
            milliseconds, megabytes = _apart(partial(_on_processor, system, case, length, run))
        else:
            milliseconds, megabytes = _on_accelerator(system, case, length, run)
        yield Score("step_ms", milliseconds, case.repeats, case.repeats, {"L": length})
        yield Score("peak_mb", megabytes, 1, 1, {"L": length})


def _on_processor(system: SequenceClassifier, case: Scaling, length: int, run: Run) -> tuple[float, float]:
    limits.set_threads(1)
    # What the first pass loads and reserves belongs to no length.
    _steps(system, case, min(length, FEW), run)()
    before = limits.resident_mb()
    milliseconds = _time(_steps(system, case, length, run), case.repeats, lambda: None)
    return milliseconds, max(0.0, limits.peak_mb() - before)


def _on_accelerator(system: SequenceClassifier, case: Scaling, length: int, run: Run) -> tuple[float, float]:
    step = _steps(system, case, length, run)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    milliseconds = _time(step, case.repeats, torch.cuda.synchronize)
    return milliseconds, (torch.cuda.max_memory_allocated() - before) / 2**20


def _steps(system: SequenceClassifier, case: Scaling, length: int, run: Run) -> Callable[[], None]:
    """One forward and backward pass."""
    heads, _, dimension = case.q.shape
    with seeded(run, "init"):
        module = system.attention(heads * dimension, heads, length, False).to(run.device)
    q, k, v = (
        torch.tensor(array[None, :, :length], device=run.device, requires_grad=True)
        for array in (case.q, case.k, case.v)
    )
    keep = torch.ones(1, length, dtype=torch.bool, device=run.device)
    gradient = torch.ones_like(v)
    leaves: list[torch.Tensor | nn.Parameter] = [q, k, v, *module.parameters()]

    def step() -> None:
        # An attention may leave its keys out.
        torch.autograd.grad(module(q, k, v, keep), leaves, gradient, allow_unused=True)

    return step


def _time(step: Callable[[], None], repeats: int, wait: Callable[[], None]) -> float:
    """Milliseconds of the median step after the first."""
    seconds = []
    for _ in range(1 + repeats):
        start = time.perf_counter()
        step()
        wait()
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[1:])


def _release_free_memory() -> None:
    """Give what was freed back to the system, where it can be: a forked process would use it and count nothing."""
    if release := getattr(ctypes.CDLL(None), "malloc_trim", None):
        release(0)


def _apart(work: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    """The result of `work` in a forked process; its exceptions are raised here, `MemoryError` if it was killed."""
    _release_free_memory()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(work, sender))
    child.start()
    sender.close()
    try:
        result = receiver.recv()
    except EOFError:
        child.join()
        raise MemoryError(f"the process of one length ended with status {child.exitcode}") from None
    child.join()
    if isinstance(result, BaseException):
        raise result
    milliseconds, megabytes = result
    return milliseconds, megabytes


def _send(work: Callable[[], tuple[float, float]], sender: Connection) -> None:
    limits.die_with_parent()
    try:
        sender.send(work())
    except BaseException as error:
        sender.send(error)
