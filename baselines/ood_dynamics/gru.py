"""A layer of gated recurrent units."""

from torch import Tensor, nn

from harness.tasks.ood_dynamics import Core, RecurrentCore, widest

GATES = 3


class Gru(RecurrentCore):
    """A layer of gated recurrent units (Cho et al., 2014), as wide as its number of weights allows."""

    name = "gru"

    def build(self, inputs: int, weights: int, width: int) -> Core[Tensor]:
        return GruCore(inputs, widest(lambda wide: GATES * wide * (inputs + wide + 2), weights))


class GruCore(Core[Tensor]):
    """Torch's GRU. Its state is F32[1 n width]."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.layer = nn.GRU(inputs, width, batch_first=True)

    def initial(self, n: int) -> Tensor:
        return next(self.parameters()).new_zeros(1, n, self.width)

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        outputs, state = self.scan(x[:, None], state)
        return outputs[:, 0], state

    def scan(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        outputs, state = self.layer(x, state)
        return outputs, state
