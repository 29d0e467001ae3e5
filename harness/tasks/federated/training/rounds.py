"""The loop: who takes part in each round, what they have learned, what the server makes of it."""

from collections.abc import Iterator
from itertools import repeat
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from harness.run import Run
from harness.tasks.federated.models.network import Network
from harness.tasks.federated.problems.clients import Clients
from harness.tasks.federated.problems.distortion import distorted
from harness.tasks.federated.training.checkpoints import Models
from harness.tasks.federated.training.cohort import Cohorts, lessons
from harness.tasks.federated.training.curve import Curve
from harness.tasks.federated.training.local import learn
from harness.tasks.federated.training.memory import Memory


class Server(Protocol):
    """What the loop leaves open; `ServerOptimizer` says what each part is."""

    @property
    def client_lr(self) -> float: ...
    @property
    def keeps(self) -> bool: ...
    @property
    def whole(self) -> bool: ...
    def init(self, x: Tensor) -> Any: ...
    def step(self, x: Tensor, delta: Tensor, state: Any) -> tuple[Tensor, Any]: ...
    def correct(self, gradient: Tensor, client: Tensor, server: Tensor) -> Tensor: ...
    def finish(self, client: Tensor, server: Tensor, delta: Tensor, steps: Tensor) -> Tensor: ...


def cohorts(clients: Clients, run: Run) -> Iterator[np.ndarray]:
    """I64[c]: the clients of each round that the budget allows, the largest first; drawn evenly, none twice in a round.

    They are the same for every learner of a seed.
    """
    rng, sizes = run.rng("clients"), clients.sizes
    number = min(run.settings["cohort"], len(clients))
    for _ in run.draw(repeat(None), cost=1):
        drawn = rng.choice(len(clients), number, replace=False)
        yield drawn[np.argsort(-sizes[drawn], kind="stable")]


def initial(network: Network, run: Run) -> Tensor:
    """F32[p]: the model that every learner of a seed starts from."""
    return network.initial(torch.Generator().manual_seed(run.seed("init"))).to(run.device)


def federate(server: Server, network: Network, clients: Clients, run: Run, models: Models) -> None:
    """Federated optimization in as many rounds as the budget allows; `models` keeps those that are scored."""
    batch, epochs, crop = (run.settings[name] for name in ("client_batch", "epochs", "crop"))
    gathered, order, sizes = Cohorts(clients, run.device), run.rng("order"), clients.sizes
    x = initial(network, run)
    state = server.init(x)
    memory = Memory(len(clients) if server.keeps else 0, x)
    curve = Curve(run)
    for chosen in cohorts(clients, run):
        own = sizes[chosen]
        planned = lessons(own, int(own[0]), 1, order) if server.whole else lessons(own, batch, epochs, order)
        cohort = gathered.gather(chosen)
        if crop:
            cohort = cohort._replace(inputs=distorted(cohort.inputs, crop, run.rng("distortion")))
        if server.keeps:
            client, mean = memory.of(chosen), memory.mean
            learned = learn(
                network,
                x,
                cohort,
                planned,
                server.client_lr,
                lambda g, k: server.correct(g, client[:k], mean),  # noqa: B023
            )
            steps = torch.tensor(planned.steps[:, None], device=x.device, dtype=x.dtype)
            memory.update(chosen, server.finish(client, mean, learned.deltas, steps))
        else:
            learned = learn(network, x, cohort, planned, server.client_lr)
        shares = torch.tensor(own / own.sum(), device=x.device, dtype=x.dtype)
        x, state = server.step(x, learned.weighted(shares, len(x)), state)
        models.keep(x, run.spent)
        curve.after(learned.loss, x)
