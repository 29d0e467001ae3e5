"""`harness tune`: choose hyper-parameters on the validation split, with as many trials for every entrant."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import options
from harness.core.spec import TIERS, TierName

if TYPE_CHECKING:
    from harness.runs.plan import Planner
    from harness.tuning.trials import TuningPlan, TuningResult

TierOrAll = Annotated[
    str | None, typer.Option("--tier", help=f"Effort level: {', '.join(TIERS)}. Default: quick; with --check: all.")
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
Seeds = Annotated[int, typer.Option("--seeds", min=1, help="Seeds of each trial. Results never have these seeds.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show which trials there are, without running any.")]
Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Run nothing. Fail if an entry of `tuned.toml` is not what its stored trials say, if the entrants of a "
        "task were not tuned alike, or if stored trials are not counted. Warn of choices at an end of the search.",
    ),
]


def command(
    task: options.Tasks = None,
    tier: TierOrAll = None,
    case: Cases = None,
    entrant: Entrants = None,
    trials: Trials = 8,
    seeds: Seeds = 1,
    plugin: options.Plugins = None,
    results: options.Results = None,
    workers: options.Workers = 0,
    threads: options.Threads = 1,
    device: options.Device = "cpu",
    limit: options.Limit = None,
    memory: options.Memory = None,
    checkpoint: options.Checkpoint = 600,
    on: options.On = "",
    retry_errors: options.Retry = False,
    dry_run: DryRun = False,
    check: Check = False,
    as_json: options.Json = False,
) -> None:
    """Try values from each entrant's `search_space` and write the best to `tuned.toml` beside the entrant.

    Each trial is a run on a part of the budget (a fifth, if the card says nothing else), scored on the validation
    split. The first trial has the class defaults. The same command again runs nothing; with more trials, only the new
    ones run. The tier's cases that were not tuned on take the parameters of the first case that was.
    """
    from harness.cli.executing import ExecutionOptions, execute, failed_before
    from harness.cli.session import open_planner, warn
    from harness.runs.plan import Planner
    from harness.tuning.entries import uneven, write_winners
    from harness.tuning.trials import TuningResult, plan_tuning

    execution = ExecutionOptions(workers, threads, device, limit, memory, checkpoint, on)
    selection = options.select(tier or "quick", task, case, entrant, seeds, plugin)
    planner = open_planner(results, plugin, execution.environment())
    if check:
        _check(planner, selection.tasks, [options.tier_name(tier)] if tier else TIERS, as_json)
        return
    plan = plan_tuning(planner, selection, trials)
    if dry_run:
        _print_trials(plan, as_json)
        return
    if not as_json:
        _announce(plan, retry_errors)
    failures = execute(plan.due(retry_errors), planner.store, execution, quiet=as_json)
    failed = failed_before(plan.runs, retry_errors=retry_errors)
    tuned = [TuningResult.of(tuning, planner.store) for tuning in plan.tunings]
    without_winner = write_winners(planner, selection, tuned)
    now = Planner(planner.registry, planner.store)
    cards = {tuning.name.task: tuning.job.card for tuning in plan.tunings}
    warn([*without_winner, *(line for card in cards.values() for line in uneven(now, card, selection.tier))])
    if as_json:
        facts = {"outcomes": [_facts(result) for result in tuned], "without_winner": without_winner}
        options.print_json({**facts, "failures": failures, "failed_before": failed})
    else:
        _print_results(tuned)
    if failures or failed or without_winner:
        raise typer.Exit(1)


def _announce(plan: "TuningPlan", retry_errors: bool) -> None:
    for skipped in plan.not_applicable:
        typer.echo(f"{skipped.task} {skipped.entrant} on {skipped.case}: not tuned: {skipped.why}", err=True)
    cases = dict.fromkeys((tuning.name.task, tuning.name.case, tuning.job.spec.budget) for tuning in plan.tunings)
    for task, case, budget in cases:
        typer.echo(f"{task}: on the validation split of {case}, {budget.total:,} {budget.unit} a trial", err=True)
    due, seconds = len(plan.due(retry_errors)), options.duration(plan.core_seconds(retry_errors))
    typer.echo(f"{len(plan.runs)} trial runs, {due} due, about {seconds} on one core", err=True)


def _print_trials(plan: "TuningPlan", as_json: bool) -> None:
    from harness.cli.plan import plan_facts

    if as_json:
        specs = [(run.spec, run.state) for run in plan.runs]
        trials = [{"cell": spec.place, "key": spec.key, "state": state, "values": spec.chosen} for spec, state in specs]
        options.print_json({"trials": trials, **plan_facts(plan)})
        return
    for tuning in plan.tunings:
        domains = tuning.job.header.search_space.domains
        space = "; ".join(f"{name}: {domain}" for name, domain in domains.items())
        where = f"{tuning.name.task} {tuning.name.entrant} on {tuning.name.case}"
        typer.echo(f"{where} ({space or 'nothing to choose: its defaults alone'})")
        for trial in tuning.trials:
            typer.echo(f"  {', '.join(run.state for run in trial):8} {trial[0].spec.label}")
    _announce(plan, retry_errors=False)


def _facts(result: "TuningResult") -> dict[str, Any]:
    """A result as plain values, which the table of results shows."""
    name, scores, winner = result.tuning.name, result.scores, result.winner
    return {
        "task": name.task,
        "entrant": name.entrant,
        "tier": name.tier,
        "case": name.case,
        "metric": result.tuning.job.resolved.primary,
        "default": scores[0],
        "best": None if winner is None else scores[winner],
        "chosen": {} if winner is None else dict(result.tuning.trials[winner][0].spec.parameters),
        "trials": len(scores),
        "failed": scores.count(None),
    }


def _print_results(results: "list[TuningResult]") -> None:
    from tabulate import tabulate

    from harness.core.spec import shown

    headers = ("task", "entrant", "case", "metric", "default", "best", "chosen", "trials")
    rows = []
    for facts in map(_facts, results):
        scores = ("failed" if facts[name] is None else f"{facts[name]:.4g}" for name in ("default", "best"))
        chosen = ", ".join(f"{name} = {shown(value)}" for name, value in facts["chosen"].items()) or "the defaults"
        trials = f"{facts['trials']} ({facts['failed']} failed)" if facts["failed"] else facts["trials"]
        rows.append([*(facts[name] for name in headers[:4]), *scores, chosen, trials])
    typer.echo(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


def _check(planner: "Planner", tasks: Sequence[str], tiers: Sequence[TierName], as_json: bool) -> None:
    from harness.cli.session import warn
    from harness.tuning.entries import at_an_end, check_entries, uncounted, uneven

    cards = [planner.registry.card(name) for name in tasks or planner.registry.tasks]
    scopes = [(planner, card, tier) for tier in tiers for card in cards]
    checks = [check for scope in scopes for check in check_entries(*scope)]
    not_alike = [line for scope in scopes for line in uneven(*scope)]
    not_counted = [line for scope in scopes for line in uncounted(*scope)]
    at_ends = [line for scope in scopes for line in at_an_end(*scope)]
    if as_json:
        entries = [{"place": check.name, "state": check.state, "why": check.why} for check in checks]
        options.print_json({"entries": entries, "uneven": not_alike, "strays": not_counted, "at_an_end": at_ends})
    else:
        for check in checks:
            typer.echo(str(check))
        if not checks:
            typer.echo(f"nothing is tuned at tier {', '.join(tiers)}")
        warn(not_alike + not_counted + at_ends)
    if not_alike or not_counted or "differs" in [check.state for check in checks]:
        raise typer.Exit(1)
