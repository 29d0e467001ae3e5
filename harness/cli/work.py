"""`harness work`: do runs on this machine for `harness run --on` on another one."""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options

Address = Annotated[str, typer.Argument(help="The scheduler: tls://HOST:PORT, or tcp://HOST:PORT without encryption.")]
Accelerators = Annotated[
    int, typer.Option("--gpus", min=0, help="Accelerators that runs with `--device cuda` may use here.")
]
Host = Annotated[
    str | None,
    typer.Option("--host", help="The address to listen at. Default: that by which this machine reaches the scheduler."),
]
Wait = Annotated[float, typer.Option("--wait", min=0, help="End after so many seconds without a scheduler.")]
Lifetime = Annotated[
    float | None,
    typer.Option("--lifetime", min=1, help="End after so many seconds; runs that may take longer are not begun."),
]

Name = Annotated[str | None, typer.Option("--name", help="The name of this worker. Default: its address.")]


def command(
    address: Address,
    workers: options.Workers = 0,
    gpus: Accelerators = 0,
    host: Host = None,
    wait: Wait = 600,
    lifetime: Lifetime = None,
    name: Name = None,
) -> None:
    """Do runs for a machine that gives `harness run --on ADDRESS`, until this is interrupted.

    It does as many runs at a time as there are cores or, with `--gpus`, as there are accelerators; `--workers` says
    otherwise. **Whoever can reach the scheduler can run code here:** see the guide's page on many machines.
    """
    from harness.cli.session import warn
    from harness.runs.executors.engine import check_address, open_to_others, require_engine

    require_engine()
    check_address(address)
    warn(filter(None, [open_to_others(address)]))

    from harness.runs.executors.local import usable_cores
    from harness.runs.executors.member import Membership, serve
    from harness.runs.executors.serving import Worker

    ends = float("inf") if lifetime is None else time.monotonic() + lifetime
    with tempfile.TemporaryDirectory(prefix="harness-work-") as folder:
        worker = Worker(Path(folder), workers or gpus or usable_cores(), gpus, ends)
        serve(Membership(address, host, name), worker, wait, lambda line: typer.echo(line, err=True))
