"""Client drift on two parabolas: where federated averaging ends, and that SCAFFOLD ends at the optimum."""

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.federated.fedavg import FedAvg
from baselines.federated.scaffold import Scaffold
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.run import Run
from harness.tasks.federated import Clients, ServerOptimizer, Training
from harness.tasks.federated.models.network import Network, Part
from harness.tasks.federated.training.rounds import federate

OPTIMUM = -9 / 11


class Parabolas(Network):
    """One weight x; a client's loss is a / 2 (x - b)^2, where its inputs are a and b."""

    def __init__(self) -> None:
        super().__init__([Part("x", (1,))], 2)

    def logits(self, weights: Tensor, inputs: Tensor) -> Tensor:
        raise NotImplementedError

    def gradient(self, weights: Tensor, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        a, b = inputs[:, 0, 0, None], inputs[:, 0, 1, None]
        return (a / 2 * (weights - b) ** 2)[:, 0], a * (weights - b)


def settled(server: ServerOptimizer, steps: int, rounds: int = 200) -> float:
    """Where the model is after many rounds in which both of (x - 1)^2 / 2 and 5 (x + 1)^2 take so many steps."""
    inputs = np.array([[1.0, 1.0], [10.0, -1.0]], np.float32).repeat(steps, axis=0)
    clients = Clients(inputs, np.zeros(2 * steps, np.int64), np.array([0, steps, 2 * steps]), 2)
    settings = {"cohort": 2, "client_batch": 1, "epochs": 1, "crop": 0}
    run = Run(settings=settings, budget=Budget("rounds", rounds), streams=Streams("federated", 0))
    training = Training(clients, run, Parabolas())
    federate(server, clients, run, training)
    (model,) = training.parameters()
    return model.item()


@pytest.mark.parametrize(("rate", "steps", "expected"), [(0.1, 10, -0.21115), (0.05, 10, -0.42688), (0.05, 1, OPTIMUM)])
def test_federated_averaging_drifts_with_rate_and_steps(rate: float, steps: int, expected: float) -> None:
    assert settled(FedAvg(client_rate=rate), steps) == pytest.approx(expected, abs=1e-5)


def test_scaffold_reaches_the_optimum() -> None:
    assert settled(Scaffold(client_rate=0.05), 10) == pytest.approx(OPTIMUM, abs=1e-5)


def test_scaffold_s_second_vector_is_option_two() -> None:
    server = Scaffold(client_rate=0.5)
    client, mean, delta = torch.tensor([[1.0], [2.0]]), torch.tensor([0.25]), torch.tensor([[3.0], [-1.0]])
    kept = server.finish(client, mean, delta, torch.tensor([[4.0], [2.0]]))
    assert kept.flatten().tolist() == [1 - 0.25 - 3 / (4 * 0.5), 2 - 0.25 + 1 / (2 * 0.5)]
    assert server.correct(torch.zeros(2, 1), client, mean).flatten().tolist() == [-0.75, -1.75]
