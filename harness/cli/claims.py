"""`harness claims`: the verdicts on the papers' claims, from stored records alone."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import Json, Results, Tasks, print_json, results_folder, tier_name

if TYPE_CHECKING:
    import numpy as np

    from harness.claims.verdict import Verdict
    from harness.core.spec import TierName
    from harness.records.store import Store
    from harness.registry.find import Registry

Tier = Annotated[str, typer.Option("--tier", help="The tier whose records are judged.")]
Write = Annotated[bool, typer.Option("--write", help="Also write the board to tables/claims-TIER.md.")]
Check = Annotated[bool, typer.Option("--check", help="Fail if the written board is not what the records say.")]


def command(
    task: Tasks = None,
    tier: Tier = "small",
    results: Results = None,
    write: Write = False,
    check: Check = False,
    as_json: Json = False,
) -> None:
    """Judge every claim on a tier's records: reproduced, contradicted, inconclusive or not assessable."""
    from harness.cli.selecting import registry_with, warn
    from harness.records.store import Store
    from harness.site.board import as_json as board_json
    from harness.site.board import as_markdown

    registry = registry_with(None)
    store = Store(results_folder(results))
    name = tier_name(tier)
    verdicts = judged(registry, store, name, {registry.card(task).task for task in task or registry.tasks})
    warn(store.problems)
    text = as_markdown(verdicts, name)
    if as_json:
        print_json(board_json(verdicts, name))
    else:
        typer.echo(text)
    path = store.root / "tables" / f"claims-{name}.md"
    if check:
        _check(path, text)
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def judged(registry: "Registry", store: "Store", tier: "TierName", tasks: set[str]) -> "dict[str, list[Verdict]]":
    """The verdicts on the claims about some tasks, by paper."""
    from harness.claims.papers import find_papers
    from harness.claims.rules import rules
    from harness.claims.verdict import judge
    from harness.records.frames import frames

    found = frames(record for record in store.stored() if record.spec.tier == tier and record.spec.task in tasks)
    items = _Items(store)
    cards = rules(registry)
    return {
        name: claims
        for name, paper in find_papers(registry).items()
        if (
            claims := [
                judge(claim, found, tier, cards, items)
                for claim in paper.claim
                if any(part.task in tasks for part in claim.parts)
            ]
        )
    }


class _Items:
    """Finds the items' own scores beside the records of a store."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._found: dict[str, list[tuple[str, Mapping[str, Any], np.ndarray]]] = {}

    def __call__(self, path: str, metric: str, at: Mapping[str, Any]) -> "np.ndarray | None":
        for name, point, scores in self._of(path):
            if name == metric and all(at.get(axis) == value for axis, value in point.items()):
                return scores
        return None

    def _of(self, path: str) -> "list[tuple[str, Mapping[str, Any], np.ndarray]]":
        if path not in self._found:
            record = self._store.read(PurePosixPath(path))
            arrays = self._store.items(record) if record else {}
            scores = record.scores if record else ()
            self._found[path] = [(s.metric, s.at, arrays[s.items]) for s in scores if s.items]
        return self._found[path]


def _check(path: Path, text: str) -> None:
    from harness.core.errors import UserError

    if not path.exists() or path.read_text() != text:
        raise UserError(f"{path} is not what the records say; write it anew with --write")
