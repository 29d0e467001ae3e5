"""The options that several verbs share, and what they stand for."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.core.spec import TIERS, TierName
from harness.core.suggest import unknown

if TYPE_CHECKING:
    from harness.runs.plan import Selection

Tasks = Annotated[list[str] | None, typer.Option("--task", "-t", help="A task; may be given again. Default: all.")]
Cases = Annotated[list[str] | None, typer.Option("--case", "-c", help="A case of the task; may be given again.")]
Entrants = Annotated[
    list[str] | None,
    typer.Option(
        "--entrant", "-e", help="An entrant, or `name[par=v1,v2]` for one entrant a value; may be given again."
    ),
]
Tier = Annotated[str, typer.Option("--tier", help=f"Effort level: {', '.join(TIERS)}.")]
Tiers = Annotated[
    list[str] | None, typer.Option("--tier", help="A tier; may be given again. Default: all with records.")
]
Metric = Annotated[str | None, typer.Option("--metric", help="A metric instead of the primary one.")]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, help="How many seeds. Default: the tier's.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", "-p", help="A Python file with an entrant of yours; may be given again."),
]
Results = Annotated[
    Path | None, typer.Option("--results", help="Folder of results. Default: `$HARNESS_RESULTS`, else `./results`.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text for people.")]


def tier_name(text: str) -> TierName:
    """The tier of that name; an unknown one is a `UserError`."""
    for tier in TIERS:
        if tier == text:
            return tier
    raise unknown("tier", text, TIERS)


def select(
    tier: str,
    tasks: list[str] | None,
    cases: list[str] | None,
    entrants: list[str] | None,
    seeds: int | None,
    plugins: list[Path] | None,
) -> "Selection":
    """The selection that the shared options describe."""
    from harness.runs.plan import Selection

    return Selection(
        tier=tier_name(tier),
        tasks=tasks or (),
        cases=cases or (),
        entrants=entrants or (),
        seeds=seeds,
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
