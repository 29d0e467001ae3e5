"""FedAdagrad, FedAdam and FedYogi: adaptive optimizers at the server (Reddi et al., 2021, algorithm 2)."""

import math
from abc import abstractmethod
from typing import Annotated, ClassVar, NamedTuple

from annotated_types import Ge, Gt, Lt
from torch import Tensor

from harness.tasks.federated import ServerOptimizer


class Moments(NamedTuple):
    """The first and second moments F[p] of the clients' mean changes, and the number of rounds so far."""

    first: Tensor
    second: Tensor
    rounds: int


class Adaptive(ServerOptimizer):
    """The server's step `x + server_lr m / (sqrt(v) + tau)` with moments m and v of the clients' mean changes.

    `m = beta1 m + (1 - beta1) delta`, and v is updated by `second_moment`. In the paper v starts at tau^2 (`v0` None),
    no bias is corrected and beta2 is 0.99. The authors' code differs: v starts at 0, beta2 is 0.999, and FedAdam and
    FedYogi multiply the rate by `sqrt(1 - beta2^t) / (1 - beta1^t)` in round t (`bias_correction`). `tau` is the
    paper's choice for nearly all of its tasks.
    """

    server_unit: ClassVar[str] = "adaptive_lr"
    beta1: Annotated[float, Ge(0), Lt(1)] = 0.9
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.99
    tau: Annotated[float, Gt(0)] = 1e-3
    v0: Annotated[float, Ge(0)] | None = None
    bias_correction: bool = False

    @abstractmethod
    def second_moment(self, v: Tensor, square: Tensor) -> Tensor:
        """The next v F[p], from v F[p] and the square F[p] of the clients' mean change."""

    def init(self, x: Tensor) -> Moments:
        return Moments(x.new_zeros(len(x)), x.new_full((len(x),), self.tau**2 if self.v0 is None else self.v0), 0)

    def step(self, x: Tensor, delta: Tensor, state: Moments) -> tuple[Tensor, Moments]:
        first = self.beta1 * state.first + (1 - self.beta1) * delta
        second, rounds = self.second_moment(state.second, delta.square()), state.rounds + 1
        rate = self.server_lr
        if self.bias_correction:
            rate *= math.sqrt(1 - self.beta2**rounds) / (1 - self.beta1**rounds)
        return x + rate * first / (second.sqrt() + self.tau), Moments(first, second, rounds)


class FedAdagrad(Adaptive):
    """FedAdagrad (Reddi et al., 2021): `v + delta^2`, without momentum.

    Because v only grows, FedAdagrad needs larger rates: on all of the paper's tasks its best server rate is three to
    thirty times that of FedAdam.
    """

    name = "fedadagrad"
    beta1: Annotated[float, Ge(0), Lt(1)] = 0.0
    server_rate: Annotated[float, Gt(0)] = 3.0
    search_space = {**ServerOptimizer.search_space, "server_rate": [0.3, 1.0, 3.0, 10.0, 30.0]}

    def second_moment(self, v: Tensor, square: Tensor) -> Tensor:
        return v + square


class FedAdam(Adaptive):
    """FedAdam (Reddi et al., 2021): `beta2 v + (1 - beta2) delta^2`, which forgets old changes exponentially."""

    name = "fedadam"
    search_space = {**ServerOptimizer.search_space, "server_rate": [0.3, 1.0, 3.0, 10.0]}

    def second_moment(self, v: Tensor, square: Tensor) -> Tensor:
        return self.beta2 * v + (1 - self.beta2) * square


class FedYogi(Adaptive):
    """FedYogi (Reddi et al., 2021): `v - (1 - beta2) delta^2 sign(v - delta^2)`.

    v changes by at most (1 - beta2) delta^2 a round, so that it falls more slowly than in FedAdam.
    """

    name = "fedyogi"
    search_space = {**ServerOptimizer.search_space, "server_rate": [0.3, 1.0, 3.0, 10.0]}

    def second_moment(self, v: Tensor, square: Tensor) -> Tensor:
        return v - (1 - self.beta2) * square * (v - square).sign()
