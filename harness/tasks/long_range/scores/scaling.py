"""The case `scaling`: time and memory of a forward and a backward pass of the attention alone, by length."""

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
from harness.core.task import Score, checked
from harness.nn.returned import returned_like, returned_module
from harness.nn.training import seeded
from harness.run import Run
from harness.tasks.long_range.interface import SequenceClassifier

WARM_UP_LENGTH: Final = 16
"""The number of positions of the pass that precedes all measurements."""


@dataclass(frozen=True)
class Scaling:
    """Queries, keys and values F32[H L d] of the longest sequence; shorter sequences are their beginnings.

    At each of the `lengths`, one pass is for warming up and `repeats` passes are timed, one sequence at a time.
    """

    lengths: tuple[int, ...]
    repeats: int
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray


def step_costs(system: SequenceClassifier, case: Scaling, run: Run) -> Iterator[Score]:
    """For each length the median time of a pass, and the most memory that passes take beyond what the process held
    before.

    On a processor each length is measured in a process of its own with one thread, because the peak memory of a process
    never falls.
    """
    for length in case.lengths:
        if run.device == "cpu":
            milliseconds, megabytes = _in_own_process(partial(_on_processor, system, case, length, run))
        else:
            milliseconds, megabytes = _on_accelerator(system, case, length, run)
        yield Score("step_ms", milliseconds, case.repeats, case.repeats, {"L": length})
        yield Score("peak_mb", megabytes, 1, 1, {"L": length})


def _on_processor(system: SequenceClassifier, case: Scaling, length: int, run: Run) -> tuple[float, float]:
    limits.set_threads(1)
    _warm_up(system, case, length, run)
    before = limits.resident_mb()
    milliseconds = _time(_make_step(system, case, length, run), case.repeats, lambda: None)
    return milliseconds, max(0.0, limits.peak_mb() - before)


def _on_accelerator(system: SequenceClassifier, case: Scaling, length: int, run: Run) -> tuple[float, float]:
    _warm_up(system, case, length, run)
    step = _make_step(system, case, length, run)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    milliseconds = _time(step, case.repeats, torch.cuda.synchronize)
    return milliseconds, (torch.cuda.max_memory_allocated() - before) / 2**20


def _warm_up(system: SequenceClassifier, case: Scaling, length: int, run: Run) -> None:
    """One pass, whose output is checked, at no more than this length. Memory that the first pass loads and reserves
    does not depend on the length."""
    mixed = _make_step(system, case, min(length, WARM_UP_LENGTH), run)()
    checked("attention", mixed.cpu(), tuple(mixed.shape))


def _make_step(system: SequenceClassifier, case: Scaling, length: int, run: Run) -> Callable[[], torch.Tensor]:
    """A function that runs one forward and one backward pass and returns the output F32[1 H L d]."""
    heads, _, dimension = case.q.shape
    with seeded(run, "init"):
        attention = system.attention(heads * dimension, heads, length, False)
        module = returned_module("attention", attention).to(run.device)
    q, k, v = (
        torch.tensor(array[None, :, :length], device=run.device, requires_grad=True)
        for array in (case.q, case.k, case.v)
    )
    keep = torch.ones(1, length, dtype=torch.bool, device=run.device)
    gradient = torch.ones_like(v)
    leaves: list[torch.Tensor | nn.Parameter] = [q, k, v, *module.parameters()]

    def step() -> torch.Tensor:
        # An attention may ignore some of its inputs.
        mixed = returned_like("attention", module(q, k, v, keep), v)
        torch.autograd.grad(mixed, leaves, gradient, allow_unused=True)
        return mixed.detach()

    return step


def _time(step: Callable[[], object], repeats: int, wait: Callable[[], None]) -> float:
    """The milliseconds of the median step, the first step left out. `wait` waits for the device."""
    seconds = []
    for _ in range(1 + repeats):
        start = time.perf_counter()
        step()
        wait()
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds[1:])


def _release_free_memory() -> None:
    """Return freed memory to the system where this is possible: a forked process would reuse it, and its peak would not
    show what it takes."""
    if release := getattr(ctypes.CDLL(None), "malloc_trim", None):
        release(0)


def _in_own_process(work: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    """The result of `work` in a forked process. Its exceptions are raised here, and `MemoryError` if it was killed."""
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
