"""Workers as jobs of SLURM, which dask-jobqueue submits and replaces; the scheduler is in this process."""

import math
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from distributed import Client, Security
from distributed.utils import get_ip
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.core.errors import UserError
from harness.core.strict import first_fault
from harness.records.record import Environment
from harness.runs.executors.engine import TLS_FILES, security_from
from harness.runs.executors.serving import Offer
from harness.runs.job import Job

_INTERRUPT = signal.getsignal(signal.SIGINT)
from dask_jobqueue.slurm import SLURMCluster, SLURMJob  # noqa: E402

# The import has made an interrupt from the keyboard end the process silently.
signal.signal(signal.SIGINT, _INTERRUPT)

MARGIN_S = 30
"""How long before the end of its job a worker ends, in seconds."""
ABSENCE_S = 60
"""A worker ends if this process is gone for so many seconds."""

ENDING_S = 10
"""Seconds for cancelling the jobs."""


class SlurmOptions(BaseModel):
    """What the file of `--on slurm:FILE` says of each job, and how many jobs there are at a time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jobs: int = Field(default=1, gt=0)
    cores: int = Field(default=1, gt=0)
    memory: str = "4GB"
    minutes: int = Field(default=60, gt=1)
    gpus: int = Field(default=0, ge=0)
    partition: str | None = None
    account: str | None = None
    directives: tuple[str, ...] = ()
    """Further options of `sbatch`, as in `--constraint=icelake`."""
    prologue: tuple[str, ...] = ()
    """Lines of shell before the worker starts, as in `module load python`."""
    host: str = ""
    """The address of this machine at which the nodes reach it. Default: that of its usual interface."""
    patience_minutes: float = Field(default=60, gt=0)
    """How long a first job is waited for."""

    @property
    def lifetime_s(self) -> int:
        """How long a worker lives, in seconds."""
        return self.minutes * 60 - MARGIN_S

    @property
    def runs(self) -> int:
        """How many runs a job does at a time at most: one on each accelerator, or else on each core."""
        return self.gpus or self.cores

    def offers(self, environment: Environment) -> list[Offer]:
        """What the workers will have, if each job has a node of its own."""
        runs = self.gpus if environment.device != "cpu" else min(self.runs, self.cores // environment.threads)
        names = [f"job {number}" for number in range(1, self.jobs + 1)]
        return [Offer(name, name, runs, environment, {}, math.inf) for name in names if runs]


def read_options(on: str) -> SlurmOptions:
    """The options that `slurm` or `slurm:FILE` names. Raises `UserError` for what is wrong."""
    _, _, file = on.partition(":")
    if not file:
        return SlurmOptions()
    try:
        return SlurmOptions.model_validate(tomllib.loads(Path(file).read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}; --on takes slurm or slurm:FILE.toml") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{file}: {error}") from error
    except ValidationError as error:
        known = ", ".join(SlurmOptions.model_fields)
        raise UserError(f"{file}: {first_fault(error, 'file')}; there are: {known}") from error


def check_limits(jobs: Sequence[Job], options: SlurmOptions) -> None:
    """Raise a `UserError` if a run may take longer than a worker lives."""
    longest = max(jobs, key=lambda job: job.limit_s, default=None)
    if longest and longest.limit_s > options.lifetime_s:
        run, minutes = longest.spec.place, math.ceil((longest.limit_s + MARGIN_S) / 60)
        raise UserError(
            f"a job of SLURM has {options.minutes} minutes, but {run} may take {longest.limit_s:.0f} s; "
            f"say minutes = {minutes} or more in the file of --on slurm:FILE, or lower the limit of runs with --limit"
        )


class _Job(SLURMJob):
    """A job of SLURM that is a worker of the harness."""

    def __init__(self, scheduler: str, name: str, *, tls: Path, options: SlurmOptions, **rest: Any) -> None:
        super().__init__(scheduler, name, **rest)  # type: ignore[no-untyped-call]
        words = [sys.executable, "-m", "harness", "work", scheduler, "--name", name, "--workers", str(options.runs)]
        words += ["--gpus", str(options.gpus), "--wait", str(ABSENCE_S), "--lifetime", str(options.lifetime_s)]
        self._command_template = f"HARNESS_TLS={shlex.quote(str(tls))} exec {shlex.join(words)}"


@contextmanager
def open_slurm(options: SlurmOptions, folder: Path) -> Iterator[Callable[[], Client]]:
    """Connects to a scheduler whose workers are jobs of SLURM, as many as the options say, until the block ends. The
    nodes must see `folder`, in which certificates for this time are made. Raises `UserError` if SLURM takes no job."""
    if shutil.which("sbatch") is None:
        raise UserError("there is no SLURM here: no `sbatch` is found; use --on tls://HOST:PORT with `harness work`")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tls-", dir=folder) as name:
        tls = Path(name).absolute()
        where = {"host": options.host or get_ip(), "dashboard": False, "dashboard_address": "127.0.0.1:0"}
        cluster = SLURMCluster(
            job_cls=_Job,  # type: ignore[arg-type]
            tls=tls,
            options=options,
            cores=options.cores,
            memory=options.memory,
            processes=1,
            queue=options.partition,
            account=options.account,
            walltime=str(options.minutes),
            job_extra_directives=[*options.directives, *([f"--gpus={options.gpus}"] if options.gpus else [])],
            job_script_prologue=list(options.prologue),
            security=_security(tls),
            scheduler_options=where,
        )
        try:
            _check_submission(cluster.job_script(), tls / "job.sh")
            cluster.adapt(minimum_jobs=options.jobs, maximum_jobs=options.jobs)
            yield partial(Client, cluster, set_as_default=False)
        finally:
            with suppress(Exception):
                cluster.close(timeout=ENDING_S)


def _security(folder: Path) -> Security:
    """Certificates that were made for this time, in files of a folder."""
    made = Security.temporary()
    for name, file in TLS_FILES.items():
        part = "tls_ca_file" if name == "ca_file" else f"tls_worker_{name}"
        (folder / file).write_text(getattr(made, part))
    return security_from(folder)


def _check_submission(script: str, path: Path) -> None:
    """Raise a `UserError` if SLURM would not take the script of a job."""
    path.write_text(script)
    done = subprocess.run(["sbatch", "--test-only", str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise UserError(f"SLURM takes no job ({said}); see --on slurm:FILE for partition, account and more")
