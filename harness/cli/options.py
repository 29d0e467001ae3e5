"""Options that several verbs share, their meaning, and how JSON, counts and durations are printed."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.core.spec import TIERS, TierName
from harness.core.suggest import check_known

if TYPE_CHECKING:
    from harness.runs.selection import Selection

Tasks = Annotated[list[str] | None, typer.Option("--task", "-t", help="A task; may be given again. Default: all.")]
Cases = Annotated[list[str] | None, typer.Option("--case", "-c", help="A case of the task; may be given again.")]
Entrants = Annotated[
    list[str] | None,
    typer.Option(
        "--entrant",
        "-e",
        help="An entrant, or `name[parameter=v1,v2]` to run it once for each value; may be given again. Default: all.",
    ),
]
Tier = Annotated[str, typer.Option("--tier", help=f"Effort level: {', '.join(TIERS)}.")]
Tiers = Annotated[
    list[str] | None, typer.Option("--tier", help="A tier; may be given again. Default: all with records.")
]
Metric = Annotated[str | None, typer.Option("--metric", help="A metric instead of the primary one.")]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, help="How many seeds. Default: the tier's.")]
FirstSeed = Annotated[
    int, typer.Option("--first-seed", min=0, help="The first seed: another one gives a new set of seeds.")
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", "-p", help="A Python file with an entrant of yours; may be given again."),
]
Results = Annotated[
    Path | None, typer.Option("--results", help="Folder of results. Default: `$HARNESS_RESULTS`, else `./results`.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text for people.")]

Workers = Annotated[
    int, typer.Option("--workers", "-j", min=0, help="How many runs at a time. 0: as many as the cores allow.")
]
MostWorkers = Annotated[
    int, typer.Option("--workers", "-j", min=0, help="With `--on`: how many runs at a time at most. 0: any number.")
]
Threads = Annotated[
    int, typer.Option("--threads", min=1, help="Threads of each run; workers x threads is at most the cores.")
]
Device = Annotated[str, typer.Option("--device", help="The torch device of the runs: `cpu`, `cuda`, `cuda:1`.")]
On = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="WHERE",
        help="Do the runs on other machines: `tls://HOST:PORT` or `tcp://HOST:PORT`, where a scheduler is that workers "
        "have joined (`harness work`), or `slurm[:FILE.toml]`. `--workers` then says how many runs at a time at most.",
    ),
]
Retry = Annotated[bool, typer.Option("--retry-errors", help="Also repeat runs that ended in an error.")]
Limit = Annotated[float | None, typer.Option("--limit", min=0.1, help="Stop each run after so many seconds.")]
Memory = Annotated[int | None, typer.Option("--memory", min=1, help="Megabytes that each run may allocate.")]
Checkpoint = Annotated[
    float,
    typer.Option(
        "--checkpoint",
        min=0,
        help="Seconds between checkpoints of a training, from which its run goes on after it was killed or stopped.",
    ),
]


def tier_name(text: str) -> TierName:
    """The tier of that name; an unknown one is a `UserError`."""
    check_known("tier", [text], TIERS)
    return next(tier for tier in TIERS if tier == text)


def select(
    tier: str,
    tasks: list[str] | None = None,
    cases: list[str] | None = None,
    entrants: list[str] | None = None,
    seeds: int | None = None,
    plugins: list[Path] | None = None,
    first_seed: int = 0,
) -> "Selection":
    """The selection that the shared options describe."""
    from harness.runs.selection import Selection

    return Selection(
        tier=tier_name(tier),
        tasks=tasks or (),
        cases=cases or (),
        entrants=entrants or (),
        seeds=seeds,
        first_seed=first_seed,
        plugins=plugins or (),
    )


def results_folder(chosen: Path | None) -> Path:
    """The folder of results: the option, else `$HARNESS_RESULTS`, else `./results`."""
    return chosen or Path(os.environ.get("HARNESS_RESULTS") or "results")


def is_debugging() -> bool:
    """Whether the user asked for tracebacks: `--debug`, which sets the variable."""
    return bool(os.environ.get("HARNESS_DEBUG"))


def print_json(value: Any) -> None:
    """Print a value as JSON, one document."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def tally(states: Iterable[str]) -> str:
    """How often each state occurs, as in `3 done, 2 missing`; "none" if there are none."""
    return ", ".join(f"{count} {state}" for state, count in Counter(states).items()) or "none"


def duration(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
