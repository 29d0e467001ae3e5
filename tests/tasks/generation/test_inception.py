"""The Inception network against a reference that is written from the table of its layers; and its weights."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from harness.core.errors import UserError
from harness.data import fetch
from harness.data.sets import inception
from harness.tasks.generation.models.inception import Inception

# A branch is a chain of convolutions, by name: stride and padding.
PLAIN, HALVING = (1, 0), (2, 0)
ROW, COLUMN = (1, (0, 3)), (1, (3, 0))
Branch = tuple[tuple[str, tuple[int, object]], ...]
BLOCK_A: tuple[Branch, ...] = (
    (("branch1x1", PLAIN),),
    (("branch5x5_1", PLAIN), ("branch5x5_2", (1, 2))),
    (("branch3x3dbl_1", PLAIN), ("branch3x3dbl_2", (1, 1)), ("branch3x3dbl_3", (1, 1))),
)
BLOCK_B: tuple[Branch, ...] = (
    (("branch3x3", HALVING),),
    (("branch3x3dbl_1", PLAIN), ("branch3x3dbl_2", (1, 1)), ("branch3x3dbl_3", HALVING)),
)
BLOCK_C: tuple[Branch, ...] = (
    (("branch1x1", PLAIN),),
    (("branch7x7_1", PLAIN), ("branch7x7_2", ROW), ("branch7x7_3", COLUMN)),
    tuple((f"branch7x7dbl_{i}", kind) for i, kind in enumerate((PLAIN, COLUMN, ROW, COLUMN, ROW), 1)),
)
BLOCK_D: tuple[Branch, ...] = (
    (("branch3x3_1", PLAIN), ("branch3x3_2", HALVING)),
    tuple((f"branch7x7x3_{i}", kind) for i, kind in enumerate((PLAIN, ROW, COLUMN, HALVING), 1)),
)
SPLIT_A, SPLIT_B = (1, (0, 1)), (1, (1, 0))
BLOCK_E: tuple[Branch, ...] = (
    (("branch1x1", PLAIN),),
    (("branch3x3_1", PLAIN), ("branch3x3_2a", SPLIT_A)),
    (("branch3x3_1", PLAIN), ("branch3x3_2b", SPLIT_B)),
    (("branch3x3dbl_1", PLAIN), ("branch3x3dbl_2", (1, 1)), ("branch3x3dbl_3a", SPLIT_A)),
    (("branch3x3dbl_1", PLAIN), ("branch3x3dbl_2", (1, 1)), ("branch3x3dbl_3b", SPLIT_B)),
)


def average(x: Tensor) -> Tensor:
    """The mean over the 3 x 3 neighbours that lie within the image."""
    window = x.new_ones(x.shape[1], 1, 3, 3)
    summed = functional.conv2d(x, window, padding=1, groups=x.shape[1])
    return summed / functional.conv2d(torch.ones_like(x), window, padding=1, groups=x.shape[1])


def largest(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 3, stride=1, padding=1)


def halved(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 3, stride=2)


BLOCKS: Mapping[str, tuple[tuple[Branch, ...], Callable[[Tensor], Tensor] | None]] = {
    **{f"Mixed_5{letter}": (BLOCK_A, average) for letter in "bcd"},
    "Mixed_6a": (BLOCK_B, None),
    **{f"Mixed_6{letter}": (BLOCK_C, average) for letter in "bcde"},
    "Mixed_7a": (BLOCK_D, None),
    "Mixed_7b": (BLOCK_E, average),
    "Mixed_7c": (BLOCK_E, largest),
}


def reference(state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    def conv(name: str, x: Tensor, stride: int, padding: object) -> Tensor:
        x = functional.conv2d(x, state[f"{name}.conv.weight"], stride=stride, padding=padding)
        mean, variance, weight, bias = (
            state[f"{name}.bn.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return ((x - mean) / torch.sqrt(variance + 1e-3) * weight + bias).clamp(min=0)

    x = functional.interpolate(images.float() / 255, size=(299, 299), mode="bilinear", align_corners=False) * 2 - 1
    x = conv("Conv2d_1a_3x3", x, 2, 0)
    x = conv("Conv2d_2a_3x3", x, 1, 0)
    x = halved(conv("Conv2d_2b_3x3", x, 1, 1))
    x = conv("Conv2d_3b_1x1", x, 1, 0)
    x = halved(conv("Conv2d_4a_3x3", x, 1, 0))
    for block, (branches, pool) in BLOCKS.items():
        outputs = []
        for branch in branches:
            y = x
            for name, (stride, padding) in branch:
                y = conv(f"{block}.{name}", y, stride, padding)
            outputs.append(y)
        outputs.append(halved(x) if pool is None else conv(f"{block}.branch_pool", pool(x), 1, 0))
        x = torch.cat(outputs, dim=1)
    return x.mean(dim=(2, 3))


@pytest.fixture(scope="module")
def network() -> Inception:
    torch.manual_seed(0)
    network = Inception().eval()
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return network


def test_features_are_those_of_the_reference_with_the_same_weights(network: Inception) -> None:
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = network.features(images)
        expected = reference(network.state_dict(), images)
    assert features.shape == (2, 2048)
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


def test_weights_are_those_of_the_published_file() -> None:
    """It has 566 tensors, a logit for each of 1,008 classes, and 23.9 million numbers in all."""
    state = Inception().state_dict()
    assert len(state) == 566
    assert state["fc.weight"].shape == (1008, 2048)


def test_grey_images_are_taken_as_colours(network: Inception) -> None:
    grey = torch.randint(0, 256, (1, 1, 16, 16), dtype=torch.uint8)
    with torch.inference_mode():
        torch.testing.assert_close(network.features(grey), network.features(grey.expand(-1, 3, -1, -1)))


def test_weights_with_a_wrong_digest_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    monkeypatch.delenv("HARNESS_MIRROR", raising=False)
    (tmp_path / "inception-2015").mkdir()
    (tmp_path / "inception-2015" / inception.FILE).write_bytes(b"other weights")
    with pytest.raises(UserError, match="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"):
        inception.weights()


def test_weights_are_read_as_tensors_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / inception.FILE
    torch.save({"a": torch.arange(3.0)}, path)
    np.testing.assert_array_equal(inception.weights(tmp_path)["a"], [0, 1, 2])
    assert inception.content(tmp_path) == hashlib.sha256(path.read_bytes()).hexdigest()
    torch.save({"a": Path("a program")}, path)
    with pytest.raises(Exception, match="Weights only load failed"):
        inception.weights(tmp_path)


def test_absent_weights_are_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    monkeypatch.delenv("HARNESS_MIRROR", raising=False)
    assert fetch.status("inception-2015") == "absent"
    with pytest.raises(UserError, match="harness data fetch inception-2015"):
        inception.weights()
