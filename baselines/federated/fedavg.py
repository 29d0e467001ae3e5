"""Federated averaging, with and without a server rate, and with momentum."""

from typing import Annotated

from annotated_types import Ge, Lt
from torch import Tensor

from harness.tasks.federated import ServerOptimizer


class FedAvg(ServerOptimizer):
    """Federated averaging (McMahan et al., 2017): the mean of the clients' models is the next one."""

    name = "fedavg"
    search_space = {"client_rate": (0.1, 10.0)}

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return x + delta, state


class FedAvgTuned(ServerOptimizer):
    """Federated averaging with a rate of the server, which the paper calls FedAvg: x + server_lr delta.

    Its rates are searched up to three times those of momentum, which takes ten steps' worth of each delta.
    """

    name = "fedavg_tuned"
    search_space = {"client_rate": (0.1, 10.0), "server_rate": (0.3, 30.0)}

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return x + self.server_lr * delta, state


class FedAvgM(ServerOptimizer):
    """Federated averaging with momentum at the server (Hsu et al., 2019): m = momentum m + delta; x + server_lr m."""

    name = "fedavgm"
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    search_space = {"client_rate": (0.1, 10.0), "server_rate": (0.1, 10.0)}

    def init(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x))

    def step(self, x: Tensor, delta: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        momentum = self.momentum * state + delta
        return x + self.server_lr * momentum, momentum
