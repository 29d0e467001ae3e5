"""An LSTM layer, with as many weights as the method it is compared with, or as wide."""

from torch import Tensor, nn

from harness.tasks.ood_dynamics import Core, RecurrentCore, widest

GATES = 4


class Lstm(RecurrentCore):
    """A layer of LSTM units (Hochreiter and Schmidhuber, 1997), as wide as its number of weights allows."""

    name = "lstm"

    def build(self, inputs: int, weights: int, width: int) -> Core[tuple[Tensor, Tensor]]:
        return LstmCore(inputs, widest(lambda wide: GATES * wide * (inputs + wide + 2), weights))


class LstmWide(RecurrentCore):
    """A layer of LSTM units, as wide as all modules of RIMs together, whatever its number of weights."""

    name = "lstm_wide"

    def build(self, inputs: int, weights: int, width: int) -> Core[tuple[Tensor, Tensor]]:
        return LstmCore(inputs, width)


class LstmCore(Core[tuple[Tensor, Tensor]]):
    """Torch's LSTM. Its state are hidden and cell state, F32[1 n width] each."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.layer = nn.LSTM(inputs, width, batch_first=True)

    def initial(self, n: int) -> tuple[Tensor, Tensor]:
        zero = next(self.parameters()).new_zeros(1, n, self.width)
        return zero, zero

    def step(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        outputs, state = self.scan(x[:, None], state)
        return outputs[:, 0], state

    def scan(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        outputs, state = self.layer(x, state)
        return outputs, state
