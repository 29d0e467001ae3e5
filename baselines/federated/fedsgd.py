"""Federated gradient descent: one gradient a client and round."""

from torch import Tensor

from harness.tasks.federated import ServerOptimizer


class FedSgd(ServerOptimizer):
    """FedSGD (McMahan et al., 2017): every client sends the gradient of its whole data, the server descends along their
    mean. The rate is the clients' one, as a client's delta is its gradient times it."""

    name = "fedsgd"
    search_space = {"client_rate": (0.1, 10.0)}

    @property
    def full_batch(self) -> bool:
        return True

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return x + delta, state
