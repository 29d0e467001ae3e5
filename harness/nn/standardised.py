"""`StandardisedConv`, a convolution whose filters have mean 0 and variance 1."""

from torch import Tensor, nn


class StandardisedConv(nn.Conv2d):
    """A convolution without bias whose weights are standardised, filter by filter, before use (Qiao et al., 2019).

    The variance is the biased estimate, and `epsilon` is added to it. The input is padded with zeros so that the size
    stays the same at stride 1.
    """

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, epsilon: float = 1e-10) -> None:
        super().__init__(inputs, outputs, size, stride, padding=size // 2, bias=False)
        self.epsilon = epsilon

    def forward(self, images: Tensor) -> Tensor:
        """F32[n inputs h w] -> F32[n outputs h/stride w/stride], sizes rounded up."""
        weight = nn.functional.layer_norm(self.weight.float(), self.weight.shape[1:], eps=self.epsilon)
        return nn.functional.conv2d(images, weight, None, self.stride, self.padding)
