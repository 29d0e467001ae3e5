"""`harness tune`: choose hyper-parameters on the validation split, with as many trials for every entrant."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.executing import (
    Device,
    ExecutionOptions,
    Limit,
    Memory,
    Retry,
    Threads,
    Workers,
    execute,
    failed_before,
)
from harness.cli.options import Json, Plugins, Results, Tasks, print_json, results_folder, select, tier_name
from harness.core.spec import TIERS, TierName

if TYPE_CHECKING:
    from harness.runs.plan import Selection
    from harness.runs.planner import Planner
    from harness.tuning.outcome import TuningResult
    from harness.tuning.trials import Tunings

TierOrAll = Annotated[
    str | None, typer.Option("--tier", help=f"Effort level: {', '.join(TIERS)}. Default: quick; of --check: all.")
]
Cases = Annotated[
    list[str] | None,
    typer.Option(
        "--case",
        "-c",
        help="A case to tune on, by itself; may be given again. Default: the tier's first that can be tuned on.",
    ),
]
Entrants = Annotated[
    list[str] | None, typer.Option("--entrant", "-e", help="An entrant; may be given again. Default: all.")
]
Trials = Annotated[int, typer.Option("--trials", min=1, help="Trials of each entrant, its class defaults included.")]
Seeds = Annotated[int, typer.Option("--seeds", min=1, help="Seeds of each trial; none of them is one of the results'.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the trials there are to do, without doing them.")]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Fail if an entry is not what its trials say, or not all equal, or trials not counted."
    ),
]


def command(
    task: Tasks = None,
    tier: TierOrAll = None,
    case: Cases = None,
    entrant: Entrants = None,
    trials: Trials = 8,
    seeds: Seeds = 1,
    plugin: Plugins = None,
    results: Results = None,
    workers: Workers = 0,
    threads: Threads = 1,
    device: Device = "cpu",
    limit: Limit = None,
    memory: Memory = None,
    retry_errors: Retry = False,
    dry_run: DryRun = False,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Try values of each entrant's `search_space` and write the best to `tuned.toml` beside it.

    Each trial is a run on a fifth of the budget, scored on the validation split; the class defaults are the first.
    The same command again runs nothing; more trials go on from fewer. What was chosen on a case holds for it; the
    tier's cases that were not tuned on take what was chosen on the first that was.
    """
    from harness.cli.session import registry_with
    from harness.records.store import Store
    from harness.runs.planner import Planner
    from harness.tuning.trials import plan_tuning

    effort = ExecutionOptions(workers, threads, device, limit, memory)
    selection = select(tier or "quick", task, case, entrant, seeds, plugin)
    planner = Planner(registry_with(plugin), Store(results_folder(results)), effort.environment())
    if check:
        _check(planner, selection.tasks, [tier_name(tier)] if tier else TIERS, as_json)
        return
    tunings = plan_tuning(planner, selection, trials)
    if dry_run:
        _print_trials(tunings, as_json)
        return
    plan = tunings.plan
    if not as_json:
        _announce(tunings, retry_errors)
    failures = execute(plan.due(retry_errors), planner.store, effort, quiet=as_json)
    failed = failed_before(plan.runs, retry_errors=retry_errors)
    outcomes, unwritten = _write(planner, selection, tunings)
    if as_json:
        told = {"outcomes": [_described(outcome) for outcome in outcomes], "without_winner": unwritten}
        print_json({**told, "failures": failures, "failed_before": failed})
    else:
        _print_outcomes(outcomes)
    if failures or failed or unwritten:
        raise typer.Exit(1)


def _write(planner: "Planner", selection: "Selection", tunings: "Tunings") -> tuple[list["TuningResult"], list[str]]:
    """Write what was chosen; returns all outcomes, and in words those of which nothing could be written."""
    from pathlib import Path

    from harness.cli.session import warn
    from harness.registry.tuned import EntryName, TunedEntry, write_tuned
    from harness.runs.planner import Planner
    from harness.tuning.entries import restate_trials, uneven
    from harness.tuning.outcome import TuningResult

    outcomes = [TuningResult.of(tuning, planner.store) for tuning in tunings.entrants]
    entries: dict[Path, dict[EntryName, TunedEntry]] = {}
    unwritten = []
    for outcome in outcomes:
        place, entry = outcome.tuning.place, outcome.entry() if outcome.complete else None
        if entry is None:
            unwritten.append(
                f"{place.task} {place.entrant} on {place.case}: no trial ended well; its entry stays as it was"
            )
        else:
            entries.setdefault(outcome.tuning.header.path.parent, {})[place] = entry
    for folder, changed in entries.items():
        write_tuned(folder, changed)
    now = Planner(planner.registry, planner.store, planner.environment)
    restate_trials(now, selection)
    cards = {outcome.tuning.card.task: outcome.tuning.card for outcome in outcomes}
    warn([*unwritten, *(line for card in cards.values() for line in uneven(now, card, selection.tier))])
    return outcomes, unwritten


def _announce(tunings: "Tunings", retry_errors: bool) -> None:
    from harness.cli.plan import spell

    for skipped in tunings.skipped:
        typer.echo(f"{skipped.task} {skipped.entrant} on {skipped.case}: not tuned: {skipped.why}", err=True)
    due = tunings.plan.due(retry_errors)
    for place in dict.fromkeys((one.card.task, one.resolved.case.id, one.budget) for one in tunings.entrants):
        task, case, budget = place
        typer.echo(f"{task}: on the validation split of {case}, {budget.total:,} {budget.unit} a trial", err=True)
    seconds = spell(tunings.plan.core_seconds(retry_errors))
    typer.echo(f"{len(tunings.plan.runs)} trial runs, {len(due)} due, about {seconds} on one core", err=True)


def _print_trials(tunings: "Tunings", as_json: bool) -> None:
    from harness.core.spec import label

    if as_json:
        print_json(
            {
                "trials": [
                    {
                        "cell": str(run.job.spec.cell),
                        "key": run.job.spec.key,
                        "state": run.state,
                        "values": trial.values,
                    }
                    for tuning in tunings.entrants
                    for trial in tuning.trials
                    for run in trial.runs
                ],
                "not_applicable": [vars(skipped) for skipped in tunings.skipped],
                "core_seconds": tunings.plan.core_seconds(),
            }
        )
        return
    for tuning in tunings.entrants:
        domains = tuning.header.search_space.domains
        space = "; ".join(f"{name}: {domain}" for name, domain in domains.items())
        place = f"{tuning.card.task} {tuning.header.name} on {tuning.resolved.case.id}"
        typer.echo(f"{place} ({space or 'nothing to choose: its defaults alone'})")
        for trial in tuning.trials:
            states = ", ".join(run.state for run in trial.runs)
            typer.echo(f"  {states:8} {label(tuning.header.name, trial.values)}")
    _announce(tunings, retry_errors=False)


def _described(outcome: "TuningResult") -> dict[str, Any]:
    """An outcome as plain values: what the overview shows."""
    tuning, scores, winner = outcome.tuning, outcome.scores, outcome.winner
    return {
        "task": tuning.card.task,
        "entrant": tuning.header.name,
        "tier": tuning.resolved.tier,
        "case": tuning.resolved.case.id,
        "metric": tuning.resolved.primary,
        "default": scores[0],
        "best": None if winner is None else scores[winner],
        "chosen": {} if winner is None else dict(tuning.trials[winner].runs[0].job.spec.parameters),
        "trials": len(tuning.trials),
        "failed": sum(score is None for score in scores),
    }


def _print_outcomes(outcomes: "list[TuningResult]") -> None:
    from tabulate import tabulate

    from harness.core.spec import shown

    rows = []
    for told in map(_described, outcomes):
        default, best = ("failed" if told[name] is None else f"{told[name]:.4g}" for name in ("default", "best"))
        chosen = ", ".join(f"{name} = {shown(value)}" for name, value in told["chosen"].items())
        trials = f"{told['trials']} ({told['failed']} failed)" if told["failed"] else told["trials"]
        where = [told["task"], told["entrant"], told["case"]]
        rows.append([*where, told["metric"], default, best, chosen or "the defaults", trials])
    headers = ["task", "entrant", "case", "metric", "default", "best", "chosen", "trials"]
    typer.echo(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


def _check(planner: "Planner", tasks: Sequence[str], tiers: Sequence[TierName], as_json: bool) -> None:
    from harness.cli.session import warn
    from harness.tuning.entries import held, strays, uneven

    registry = planner.registry
    cards = [registry.card(name) for name in tasks or registry.tasks]
    there = [(card, tier) for tier in tiers for card in cards if tier in card.tiers]
    found = [entry for card, tier in there for entry in held(planner, card, tier)]
    unequal = [line for card, tier in there for line in uneven(planner, card, tier)]
    uncounted = [line for card, tier in there for line in strays(planner, card, tier)]
    if as_json:
        print_json({"entries": [entry._asdict() for entry in found], "uneven": unequal, "strays": uncounted})
    else:
        for entry in found:
            why = f": {entry.why}" if entry.why else ""
            task, entrant, tier, case = entry.place
            typer.echo(f"{entry.state:8} {task} {entrant} at {tier} on {case}{why}")
        if not found:
            typer.echo(f"nothing is tuned at tier {', '.join(tiers)}")
        warn([*unequal, *uncounted])
    if unequal or uncounted or any(entry.state == "differs" for entry in found):
        raise typer.Exit(1)
