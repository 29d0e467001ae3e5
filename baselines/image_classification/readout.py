"""`Readout`: classes from the features of a residual network."""

from torch import Tensor, nn

from harness.nn.resnet import ResNet


class Readout(nn.Module):
    """The mean of the features over all positions, and a linear layer that starts at zero."""

    def __init__(self, body: ResNet, classes: int) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(body.outputs, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        """F32[n c h w] -> F32[n classes]."""
        logits: Tensor = self.head(self.body(images).mean((2, 3)))
        return logits
