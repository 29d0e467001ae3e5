"""SCAFFOLD: control variates that correct the drift of clients."""

from torch import Tensor

from harness.tasks.federated import ServerOptimizer


class Scaffold(ServerOptimizer):
    """SCAFFOLD (Karimireddy et al., 2020, option II): clients correct their gradients by control variates.

    Clients descend along `g - c_i + c`, where g is the gradient, c_i an estimate of the client's own mean gradient and
    c the mean of all c_i. After its steps a client replaces c_i by `c_i - c - delta / (steps client_lr)`.
    """

    name = "scaffold"
    search_space = {**ServerOptimizer.search_space, "server_rate": [0.3, 1.0, 3.0, 10.0]}

    def correct(self, gradient: Tensor, client: Tensor, server: Tensor) -> Tensor:
        return gradient - client + server

    def finish(self, client: Tensor, server: Tensor, delta: Tensor, steps: Tensor) -> Tensor:
        return client - server - delta / (steps * self.client_lr)

    def step(self, x: Tensor, delta: Tensor, state: None) -> tuple[Tensor, None]:
        return x + self.server_lr * delta, state
