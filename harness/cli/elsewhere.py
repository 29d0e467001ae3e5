"""What `--on` names: the executor for other machines."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from harness.cli.session import warn
from harness.runs.executors.engine import check_address, connect, open_to_others, require_engine
from harness.runs.job import Job

if TYPE_CHECKING:
    from harness.runs.executors.cluster import ClusterExecutor


@contextmanager
def open_cluster(on: str, jobs: Sequence[Job], device: str, threads: int, most: int) -> "Iterator[ClusterExecutor]":
    """The executor that does jobs on what `on` names, at most so many at a time (0: as many as its workers do). Raises
    `UserError` if it names nothing that can be used."""
    require_engine()
    from harness.runs.executors.cluster import ClusterExecutor

    if on == "slurm" or on.startswith("slurm:"):
        from harness.runs.executors.slurm import check_limits, open_slurm, read_options

        slurm = read_options(on)
        check_limits(jobs, slurm)
        with open_slurm(slurm, jobs[0].results) as connect_to_it:
            yield ClusterExecutor(connect_to_it, device, threads, most, slurm.patience_minutes * 60)
    else:
        check_address(on)
        warn(filter(None, [open_to_others(on)]))
        yield ClusterExecutor(partial(connect, on), device, threads, most)
