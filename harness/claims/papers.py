"""The papers in reach: every `paper.toml` beside the registry's entrants."""

from pathlib import Path

from harness.claims.paper import Paper, check_paper, load_paper
from harness.core.errors import UserError
from harness.registry.find import Registry


def find_papers(registry: Registry) -> dict[str, Paper]:
    """The papers by the name of their folder, in order of name."""
    return {path.parent.name: load_paper(path) for path in _files(registry)}


def paper_problems(registry: Registry) -> list[str]:
    """What is wrong with the papers' sweeps and claims, a line each."""
    entrants = {name: set(header.parameters) for (_, name), header in registry.entrants.items()}
    problems: list[str] = []
    for path in _files(registry):
        try:
            wrong = check_paper(load_paper(path), entrants, registry.tasks)
        except UserError as error:
            problems.append(str(error))
        else:
            problems += [f"{path}: {line}" for line in wrong]
    return problems


def _files(registry: Registry) -> list[Path]:
    folders = {header.path.parent for header in registry.entrants.values()}
    return sorted(path for folder in folders if (path := folder / "paper.toml").is_file())
