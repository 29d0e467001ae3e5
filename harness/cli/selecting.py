"""From options to a plan: the registry, the store and the environment that several verbs need."""

from collections.abc import Iterable
from pathlib import Path

import typer

from harness.records.record import Environment
from harness.records.store import Store
from harness.registry.find import Registry, find
from harness.runs.plan import Plan, Selection, make_plan

NOWHERE = Environment()
"""The environment of runs that are planned and not done."""


def warn(problems: Iterable[str]) -> None:
    """Say on standard error what was found wrong and left aside."""
    for problem in problems:
        typer.secho(f"warning: {problem}", err=True, fg="yellow")


def registry_with(plugins: Iterable[Path] | None) -> Registry:
    """The registry, plug-ins included; what could not be read is said."""
    registry = find(plugins or ())
    warn(registry.problems)
    return registry


def planned(selection: Selection, results: Path, environment: Environment = NOWHERE) -> tuple[Registry, Store, Plan]:
    """The plan of a selection over a folder of results; what cannot be used of them is said. Runs that are to be done
    need an environment."""
    registry = registry_with(selection.plugins)
    store = Store(results)
    plan = make_plan(registry, selection, store, environment)
    warn(store.problems)
    return registry, store, plan
