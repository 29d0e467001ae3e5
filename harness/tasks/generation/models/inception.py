"""`Inception`: the network whose features the field's Frechet distance (FID) is measured in."""

from typing import Final

import torch
from torch import Tensor, nn

SIDE: Final = 299
FEATURES: Final = 2048
CLASSES: Final = 1008
EPSILON: Final = 1e-3


class Inception(nn.Module):
    """The Inception network of TensorFlow's graph of 2015-12-05 up to its third pooling (Szegedy et al., 2016; Heusel
    et al., 2017), with the names of weights that its public port to torch has (mseitzer/pytorch-fid).

    Unlike later versions, average pooling leaves the padding out of the mean, and the pooling of the last block takes
    the maximum. The features are those of pytorch-fid, whose preprocessing differs slightly from TensorFlow's: images
    are scaled bilinearly to 299 x 299 pixels without antialiasing, and values are scaled to [-1, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Conv(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = _Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = _Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = _Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = _Conv(80, 192, 3)
        self.Mixed_5b = _BlockA(192, 32)
        self.Mixed_5c = _BlockA(256, 64)
        self.Mixed_5d = _BlockA(288, 64)
        self.Mixed_6a = _BlockB(288)
        self.Mixed_6b = _BlockC(768, 128)
        self.Mixed_6c = _BlockC(768, 160)
        self.Mixed_6d = _BlockC(768, 160)
        self.Mixed_6e = _BlockC(768, 192)
        self.Mixed_7a = _BlockD(768)
        self.Mixed_7b = _BlockE(1280, nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False))
        self.Mixed_7c = _BlockE(2048, nn.MaxPool2d(3, stride=1, padding=1))
        self.fc = nn.Linear(FEATURES, CLASSES)

    def features(self, images: Tensor) -> Tensor:
        """F32[n 2048]: the features of images U8[n c h w]. Grey images are taken as colours."""
        values = images.expand(-1, 3, -1, -1).float() / 127.5 - 1
        states = nn.functional.interpolate(values, (SIDE, SIDE), mode="bilinear", align_corners=False)
        for name, layer in self.named_children():
            if name == "fc":
                break
            states = layer(states)
            if name in ("Conv2d_2b_3x3", "Conv2d_4a_3x3"):
                states = nn.functional.max_pool2d(states, 3, stride=2)
        return states.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """F32[n 1008]: the logits of images U8[n c h w]."""
        logits: Tensor = self.fc(self.features(images))
        return logits


class _Conv(nn.Module):
    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=EPSILON)

    def forward(self, states: Tensor) -> Tensor:
        output: Tensor = self.bn(self.conv(states)).relu()
        return output


class _BlockA(nn.Module):
    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = _Conv(inputs, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = _Conv(inputs, 48, 1), _Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 64, 1), _Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, padding=1)
        self.branch_pool = _Conv(inputs, pooled, 1)

    def forward(self, states: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(states)))
        wide = self.branch5x5_2(self.branch5x5_1(states))
        return torch.cat([self.branch1x1(states), wide, double, self.branch_pool(_average(states))], dim=1)


class _BlockB(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = _Conv(inputs, 384, 3, stride=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 64, 1), _Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Conv(96, 96, 3, stride=2)

    def forward(self, states: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(states)))
        return torch.cat([self.branch3x3(states), double, nn.functional.max_pool2d(states, 3, stride=2)], dim=1)


class _BlockC(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()

        def row(inputs: int, outputs: int) -> _Conv:
            return _Conv(inputs, outputs, (1, 7), padding=(0, 3))

        def column(inputs: int, outputs: int) -> _Conv:
            return _Conv(inputs, outputs, (7, 1), padding=(3, 0))

        self.branch1x1 = _Conv(inputs, 192, 1)
        self.branch7x7_1 = _Conv(inputs, width, 1)
        self.branch7x7_2, self.branch7x7_3 = row(width, width), column(width, 192)
        self.branch7x7dbl_1 = _Conv(inputs, width, 1)
        self.branch7x7dbl_2, self.branch7x7dbl_3 = column(width, width), row(width, width)
        self.branch7x7dbl_4, self.branch7x7dbl_5 = column(width, width), row(width, 192)
        self.branch_pool = _Conv(inputs, 192, 1)

    def forward(self, states: Tensor) -> Tensor:
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(states)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(states)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(states), single, double, self.branch_pool(_average(states))], dim=1)


class _BlockD(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = _Conv(inputs, 192, 1), _Conv(192, 320, 3, stride=2)
        self.branch7x7x3_1 = _Conv(inputs, 192, 1)
        self.branch7x7x3_2 = _Conv(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = _Conv(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = _Conv(192, 192, 3, stride=2)

    def forward(self, states: Tensor) -> Tensor:
        single = self.branch3x3_2(self.branch3x3_1(states))
        long = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(states))))
        return torch.cat([single, long, nn.functional.max_pool2d(states, 3, stride=2)], dim=1)


class _BlockE(nn.Module):
    def __init__(self, inputs: int, pool: nn.Module) -> None:
        super().__init__()
        self.branch1x1 = _Conv(inputs, 320, 1)
        self.branch3x3_1 = _Conv(inputs, 384, 1)
        self.branch3x3_2a = _Conv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = _Conv(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Conv(inputs, 448, 1), _Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _Conv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = _Conv(384, 384, (3, 1), padding=(1, 0))
        self.pool, self.branch_pool = pool, _Conv(inputs, 192, 1)

    def forward(self, states: Tensor) -> Tensor:
        single = self.branch3x3_1(states)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(states))
        branches = [
            self.branch1x1(states),
            self.branch3x3_2a(single),
            self.branch3x3_2b(single),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(self.pool(states)),
        ]
        return torch.cat(branches, dim=1)


def _average(states: Tensor) -> Tensor:
    return nn.functional.avg_pool2d(states, 3, stride=1, padding=1, count_include_pad=False)
