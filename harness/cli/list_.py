"""`harness list`: the tasks, their cases and tiers, and the entrants."""

from typing import TYPE_CHECKING, Any

import typer

from harness.cli import options

if TYPE_CHECKING:
    from harness.registry.find import Registry


def command(task: options.Tasks = None, plugin: options.Plugins = None, as_json: options.Json = False) -> None:
    """List tasks and their entrants. With `--task`, also cases, metrics and the entrants' parameters."""
    from harness.cli.session import registry_with

    registry = registry_with(plugin)
    tasks = {name: _described(registry, name) for name in task or registry.tasks}
    if as_json:
        options.print_json(tasks)
        return
    for name, facts in tasks.items():
        typer.secho(f"{name}  ", bold=True, nl=False)
        typer.echo(f"{facts['title']} (version {facts['version']}, {facts['budget unit']})")
        if task:
            typer.echo(f"  {facts['question']}")
            for tier, cases in facts["tiers"].items():
                typer.echo(f"  tier {tier:6} cases {', '.join(cases)}")
            typer.echo(f"  metrics {', '.join(facts['metrics'])} (primary: {facts['primary']})")
        width = max((len(entrant) for entrant in facts["entrants"]), default=0)
        for entrant, about in facts["entrants"].items():
            typer.echo(f"  {about['kind']:9} {entrant:{width}}  {about['title']}")
            if task and about["parameters"]:
                typer.echo(f"  {'':8} {'':{width}}  {', '.join(about['parameters'])}")


def _described(registry: "Registry", task: str) -> dict[str, Any]:
    card = registry.card(task)
    return {
        "title": card.title,
        "question": card.question,
        "version": card.version,
        "budget unit": card.unit,
        "primary": card.primary,
        "metrics": list(card.metrics),
        "tiers": {name: list(tier.cases) for name, tier in card.tiers.items()},
        "entrants": {
            name: {
                "kind": header.kind,
                "title": header.title,
                "component": header.component,
                "file": header.place,
                "parameters": [
                    f"{parameter}: {about.annotation} = {about.default!r}"
                    for parameter, about in header.parameters.items()
                ],
                "search_space": {parameter: str(domain) for parameter, domain in header.search_space.domains.items()},
            }
            for name, header in registry.of_task(task).items()
        },
    }
