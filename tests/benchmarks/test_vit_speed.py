"""ViT beside the one of `transformers` at equal shape: a training step on a batch of 128 images 28x28, on one thread.

Times depend on the allocator above 32 MB: run with MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ raised (2^33), as
the harness runs its own workers.
"""

from collections.abc import Callable

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn

from harness.tasks.image_classification import Shape
from methods.vit.sizes import Size
from methods.vit.transformer import Options, Patches, VisionTransformer

BATCH, SIDE, PATCH, HEADS, CLASSES = 128, 28, 4, 4, 10
Model = tuple[nn.Module, Callable[[Tensor], Tensor]]


def ours(width: int, layers: int) -> Model:
    size = Size(layers, width, 2 * width, HEADS, PATCH)
    model = VisionTransformer(Patches(1, PATCH, width), Shape(SIDE, SIDE, 1), CLASSES, Options(size))
    return model, model


def peer(width: int, layers: int) -> Model:
    transformers = pytest.importorskip("transformers", reason="the peer is missing: pip install transformers")
    config = transformers.ViTConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        intermediate_size=2 * width,
        image_size=SIDE,
        patch_size=PATCH,
        num_channels=1,
        num_labels=CLASSES,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = transformers.ViTForImageClassification(config).train()
    return model, lambda images: model(images).logits


@pytest.mark.parametrize(("width", "layers"), [(64, 4), (128, 6)])
@pytest.mark.parametrize("make", [ours, peer], ids=lambda make: make.__name__)
def test_vit_speed(make: Callable[[int, int], Model], width: int, layers: int, benchmark: BenchmarkFixture) -> None:
    benchmark.group = f"training step, width {width}, {layers} layers"
    torch.manual_seed(0)
    model, ask = make(width, layers)
    images, labels = torch.randn(BATCH, 1, SIDE, SIDE), torch.randint(CLASSES, (BATCH,))
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(ask(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss

    assert benchmark.pedantic(step, rounds=10, warmup_rounds=2).isfinite()
