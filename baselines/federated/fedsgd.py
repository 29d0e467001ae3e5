"""Federated gradient descent: each client sends one gradient a round."""

from torch import Tensor

from harness.tasks.federated import ServerOptimizer


class FedSgd(ServerOptimizer):
    """FedSGD (McMahan et al., 2017): the server descends along the mean of the clients' full-batch gradients.

    The learning rate is that of the clients, because a client's change is its gradient times this rate.
    """

    name = "fedsgd"
    search_space = {"client_rate": [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0]}

    @property
    def full_batch(self) -> bool:
        return True

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return x + delta, state
