"""`harness verify`: whether a bundle is what it says, and whether a sample of its runs comes out the same here."""

import secrets
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import options

BundleFile = Annotated[Path, typer.Argument(help="A bundle that `harness submit` made.")]
Sample = Annotated[int, typer.Option("--sample", min=0, help="How many of its runs to repeat.")]
Nonce = Annotated[
    str, typer.Option("--nonce", help="What the sample is drawn from, beside the bundle. Default: drawn at random.")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="The report to write. Default: beside the bundle, NAME.report.json.")
]


def command(
    bundle: BundleFile,
    sample: Sample = 3,
    nonce: Nonce = "",
    out: Out = None,
    workers: options.Workers = 0,
    threads: options.Threads = 1,
    device: options.Device = "cpu",
    limit: options.Limit = None,
    memory: options.Memory = None,
    on: options.On = "",
    as_json: options.Json = False,
) -> None:
    """Verify a bundle: its digests, its keys against its source, its seeds and its trials; then repeat a sample of its
    runs and compare. Times are never compared.

    A sample runs the code in the bundle, with your rights: use the container of docs/trust.md for code that you do not
    trust, or `--sample 0`, which runs nothing.
    """
    from harness.cli.executing import ExecutionOptions, execute
    from harness.core.files import write_whole
    from harness.records.store import Store
    from harness.submissions.bundle import unpack
    from harness.submissions.examine import examine
    from harness.submissions.report import report_on
    from harness.submissions.rerun import again, compare, draw

    execution = ExecutionOptions(workers, threads, device, limit, memory, on=on)
    nonce = nonce or secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        examined = examine(unpack(bundle, Path(folder, "bundle")))
        stored, repeated, environment = examined.bundle.store, Store(Path(folder, "again")), execution.environment()
        places = [] if examined.faults else draw(examined.places, examined.bundle.digest, nonce, sample)
        chosen = [(job, record) for job, record in examined.jobs if job.spec.place in places]
        if jobs := [again(job, repeated.root, environment) for job, _ in chosen]:
            execute(jobs, repeated, execution, quiet=as_json)
        comparisons = [compare(record, stored, repeated) for _, record in chosen]
        environment = next((record.environment for record in repeated.all()), environment)
    report = report_on(examined, nonce, comparisons, environment)
    write_whole(out or bundle.with_suffix(".report.json"), f"{report.model_dump_json(indent=1)}\n".encode())
    typer.echo(report.model_dump_json(indent=1) if as_json else report.text, nl=as_json)
    if not report.holds:
        raise typer.Exit(1)
