"""A round of federated averaging: clients together, one by one, as modules in a plain loop, and in Flower's simulation.

Ten clients, one epoch, batches of 20, on one thread. The plain loop and Flower train the same network as a torch module
with `torch.optim.SGD`. Run with MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ raised (2^33), as the harness does.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.sparse import random_array
from torch import Tensor, nn

from harness.tasks.federated import Clients
from harness.tasks.federated.models.convolutional import Convolutional
from harness.tasks.federated.models.dense import Logistic, Perceptron
from harness.tasks.federated.models.network import Network
from harness.tasks.federated.models.recurrent import Recurrent
from harness.tasks.federated.training.cohorts import Cohorts, schedule_batches
from harness.tasks.federated.training.descent import descend

CLIENTS, BATCH, RATE = 10, 20, 0.01
RNG = np.random.default_rng(0)


def clients(inputs: Callable[[int], np.ndarray], size: int, classes: int, positions: int = 0) -> Clients:
    total = CLIENTS * size
    labels = RNG.integers(classes, size=(total, positions) if positions else total)
    return Clients(inputs(total), labels, np.arange(0, total + 1, size), classes)


def images(side: int) -> Callable[[int], np.ndarray]:
    return lambda total: RNG.integers(256, size=(total, side, side, 1), dtype=np.uint8)


def bags(total: int) -> np.ndarray:
    return random_array((total, 5000), density=0.02, format="csr", dtype=np.float32, rng=RNG)


def convolutional(first: int, second: int, stride: int) -> tuple[Network, nn.Module]:
    kernel, padding = (5, 2) if stride > 1 else (3, 0)
    pool = nn.MaxPool2d(2) if stride == 1 else nn.Identity()
    layers = [nn.Conv2d(1, first, kernel, stride, padding), nn.ReLU()]
    layers += [nn.Conv2d(first, second, kernel, stride, padding), nn.ReLU(), pool, nn.Flatten()]
    side = 7 if stride > 1 else 12
    module = nn.Sequential(*layers, nn.Linear(second * side**2, 10))
    return Convolutional((28, 28, 1), 10, (first, second), 0, kernel, stride), module


class Next(nn.Module):
    """The recurrent network by torch's own modules."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.gru, self.read = nn.Embedding(80, 8), nn.GRU(8, 64, batch_first=True), nn.Linear(64, 80)

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.read(self.gru(self.embedding(tokens))[0])
        return logits


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


PROBLEMS: dict[str, tuple[Clients, Network, nn.Module]] = {
    "perceptron, 12 digits each": (clients(images(8), 12, 10), Perceptron(64, 32, 10), perceptron()),
    "CNN 8-16, 111 images each": (clients(images(28), 111, 10), *convolutional(8, 16, 2)),
    "CNN 16-32, 600 images each": (clients(images(28), 600, 10), *convolutional(16, 32, 1)),
    "logistic, 50 bags each": (clients(bags, 50, 20), Logistic(5000, 20), nn.Linear(5000, 20, bias=False)),
    "GRU 64, 40 sequences each": (
        clients(lambda total: RNG.integers(80, size=(total, 80)), 40, 80, 80),
        Recurrent(80, 8, 64, 1, "gru"),
        Next(),
    ),
}
problems = pytest.mark.parametrize("problem", PROBLEMS)


@problems
@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_round_speed(problem: str, together: bool, benchmark: BenchmarkFixture) -> None:
    benchmark.group = problem
    found, network, _ = PROBLEMS[problem]
    x, gathered, rng = network.initial(torch.Generator()), Cohorts(found, "cpu"), np.random.default_rng(0)
    groups = [slice(None)] if together else [slice(i, i + 1) for i in range(CLIENTS)]

    def one_round() -> Tensor:
        chosen = np.arange(CLIENTS)
        cohort, schedule = gathered.gather(chosen), schedule_batches(found.sizes[chosen], BATCH, 1, rng)
        shares = torch.full((CLIENTS,), 1 / CLIENTS)
        parts = [descend(network, x, cohort.select(group), schedule.select(group), RATE) for group in groups]
        return x + sum(part.weighted_sum(shares[group], len(x)) for part, group in zip(parts, groups, strict=True))

    assert benchmark.pedantic(one_round, rounds=5, warmup_rounds=1).isfinite().all()


def trained(module: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    """One client's epoch, the usual way."""
    optimizer = torch.optim.SGD(module.parameters(), lr=RATE)
    for rows in torch.randperm(len(labels)).split(BATCH):
        optimizer.zero_grad()
        logits = module(inputs[rows]).flatten(end_dim=-2)
        nn.functional.cross_entropy(logits, labels[rows].flatten()).backward()
        optimizer.step()


def tensors(found: Clients) -> list[tuple[Tensor, Tensor]]:
    whole = found.inputs.toarray() if not isinstance(found.inputs, np.ndarray) else found.inputs
    inputs = torch.from_numpy(whole)
    if inputs.dtype == torch.uint8:
        inputs = inputs.permute(0, 3, 1, 2).float() / 255
    return list(zip(inputs.chunk(CLIENTS), torch.from_numpy(found.labels).chunk(CLIENTS), strict=True))


@problems
def test_round_speed_of_a_plain_loop(problem: str, benchmark: BenchmarkFixture) -> None:
    benchmark.group = problem
    found, network, module = PROBLEMS[problem]
    assert sum(weight.numel() for weight in module.parameters()) - network.size in (0, 128)  # torch's GRU: more biases
    each = tensors(found)
    x = nn.utils.parameters_to_vector(module.parameters()).detach()

    def one_round() -> Tensor:
        ends = []
        for inputs, labels in each:
            nn.utils.vector_to_parameters(x.clone(), module.parameters())
            trained(module, inputs, labels)
            ends.append(nn.utils.parameters_to_vector(module.parameters()).detach())
        return torch.stack(ends).mean(0)

    assert benchmark.pedantic(one_round, rounds=5, warmup_rounds=1).isfinite().all()


@pytest.mark.skipif(find_spec("flwr") is None or find_spec("ray") is None, reason="needs flwr[simulation]")
@pytest.mark.parametrize("problem", ["perceptron, 12 digits each", "CNN 8-16, 111 images each"])
def test_round_speed_of_flower(problem: str, benchmark: BenchmarkFixture) -> None:
    """The time between its rounds, without the start of its processes (in `extra_info`); one client at a time."""
    from flwr.client import ClientApp, NumPyClient
    from flwr.common import Context, ndarrays_to_parameters
    from flwr.server import ServerApp, ServerAppComponents, ServerConfig
    from flwr.server.strategy import FedAvg
    from flwr.simulation import run_simulation

    benchmark.group = problem
    found, _, module = PROBLEMS[problem]
    each = tensors(found)
    ends: list[float] = []

    class Client(NumPyClient):
        def __init__(self, number: int) -> None:
            self.number = number

        def fit(
            self, parameters: list[np.ndarray], config: dict[str, bool]
        ) -> tuple[list[np.ndarray], int, dict[str, bool]]:
            torch.set_num_threads(1)
            for weight, value in zip(module.parameters(), parameters, strict=True):
                weight.data = torch.tensor(value)
            inputs, labels = each[self.number]
            trained(module, inputs, labels)
            return [weight.detach().numpy() for weight in module.parameters()], len(labels), {}

    class Timed(FedAvg):
        def aggregate_fit(self, *given):  # type: ignore[no-untyped-def]
            ends.append(time.perf_counter())
            return super().aggregate_fit(*given)

    def client(context: Context):  # type: ignore[no-untyped-def]
        return Client(int(context.node_config["partition-id"])).to_client()

    def server(context: Context) -> ServerAppComponents:
        start = ndarrays_to_parameters([weight.detach().numpy() for weight in module.parameters()])
        strategy = Timed(fraction_evaluate=0.0, min_available_clients=CLIENTS, initial_parameters=start)
        return ServerAppComponents(strategy=strategy, config=ServerConfig(num_rounds=8))

    def simulated() -> None:
        run_simulation(
            server_app=ServerApp(server_fn=server),
            client_app=ClientApp(client_fn=client),
            num_supernodes=CLIENTS,
            backend_config={"init_args": {"num_cpus": 1}, "client_resources": {"num_cpus": 1, "num_gpus": 0.0}},
        )

    benchmark.pedantic(simulated, rounds=1)
    benchmark.extra_info["seconds_per_round"] = float(np.median(np.diff(ends)))
    assert len(ends) == 8
