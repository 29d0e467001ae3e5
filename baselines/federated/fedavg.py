"""Federated averaging, with and without a learning rate of the server, and with momentum."""

from typing import Annotated

from annotated_types import Ge, Lt
from torch import Tensor

from harness.tasks.federated import ServerOptimizer


class FedAvg(ServerOptimizer):
    """Federated averaging (McMahan et al., 2017): the next model is the mean of the clients' models."""

    name = "fedavg"

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return x + delta, state


class FedAvgTuned(ServerOptimizer):
    """Federated averaging with a learning rate of the server, `x + server_lr delta`, which the paper calls FedAvg.

    Its search space for `server_rate` reaches three times as high as that of momentum, with which the changes of about
    ten rounds add up.
    """

    name = "fedavg_tuned"
    search_space = {**ServerOptimizer.search_space, "server_rate": [0.3, 1.0, 3.0, 10.0]}

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return x + self.server_lr * delta, state


class FedAvgM(ServerOptimizer):
    """Federated averaging with momentum at the server (Hsu et al., 2019).

    `m = momentum m + delta`, and the next model is `x + server_lr m`.
    """

    name = "fedavgm"
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    search_space = {**ServerOptimizer.search_space, "server_rate": [0.1, 0.3, 1.0, 3.0]}

    def init(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x))

    def step(self, x: Tensor, delta: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        momentum = self.momentum * state + delta
        return x + self.server_lr * momentum, momentum
