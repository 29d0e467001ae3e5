"""Entity linking at the smoke tier, for the tests of its entrants."""

from collections.abc import Callable
from pathlib import Path

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.entrant import Entrant
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.entity_linking.task import EntityLinking

TASK = EntityLinking(read_card(HARNESS / "tasks" / "entity_linking" / "task.toml"))


def smoke_runs(folder: Path) -> Callable[..., Run]:
    """`smoke(examples=320, width=16)`: a run's handle on atlas, settings replaced; artefacts are built once."""
    settings_of_tier = TASK.card.resolve("smoke", "atlas").settings

    def handle(examples: int = 320, **settings: object) -> Run:
        return Run(
            settings={**settings_of_tier, **settings},
            budget=Budget("examples", examples),
            streams=Streams("entity_linking", 0),
            cache=Cache(folder),
        )

    return handle


def fitted(linker: Entrant, train: object, run: Run) -> Entrant:
    """The linker, after its training."""
    linker.fit(train, run)
    return linker
