"""The Vision Transformer: sizes, start, patches, positions, what is read out, the hybrid."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.nn.training import TrainingOptions
from harness.run import Run
from harness.tasks.image_classification import ImageModel, Images, Resolutions, Shape, data
from methods.vit.ablations import VitNoPosition, VitTwoDimensional
from methods.vit.encoder import Block
from methods.vit.hybrid import VitHybrid
from methods.vit.positions import OneDimensional, TwoDimensional
from methods.vit.sizes import SIZES, kind_of
from methods.vit.transformer import Patches, VisionTransformer
from methods.vit.vit import Vit

CARD = read_card(Path(data.__file__).with_name("task.toml"))
CLOTHES = Shape(28, 28, 1)
PHOTOGRAPHS = Shape(224, 224, 3)
ENTRANTS = [Vit(), Vit(pool="mean"), Vit(head="mlp"), VitHybrid(), VitNoPosition(), VitTwoDimensional()]


def built(entrant: ImageModel, shape: Shape = CLOTHES, classes: int = 10) -> nn.Module:
    torch.manual_seed(0)
    return entrant.build(shape, classes).eval()


def trained(entrant: ImageModel, shape: Shape = CLOTHES) -> nn.Module:
    """As if it had learned: no weight is zero any more."""
    module = built(entrant, shape)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return module


def images(n: int = 3, shape: Shape = CLOTHES) -> Tensor:
    torch.manual_seed(1)
    return torch.rand(n, shape.channels, shape.height, shape.width) * 2 - 1


def weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize(("size", "number"), [("B", 86_567_656), ("L", 304_326_632), ("H", 632_045_800)])
def test_the_paper_s_models_have_their_number_of_weights(size: Any, number: int) -> None:
    with torch.device("meta"):
        assert weights(Vit(size=size).build(PHOTOGRAPHS, 1000)) == number


def test_the_small_model_has_its_number_of_weights() -> None:
    assert weights(built(Vit())) == 139_018


def test_photographs_have_a_base_model_by_default() -> None:
    with torch.device("meta"):
        assert weights(Vit().build(PHOTOGRAPHS, 1000)) == 86_567_656


@pytest.mark.parametrize("entrant", ENTRANTS)
def test_before_training_logits_are_zero_and_the_loss_is_that_of_guessing(entrant: ImageModel) -> None:
    logits = built(entrant)(images())
    assert torch.equal(logits, torch.zeros(3, 10))
    loss = nn.functional.cross_entropy(logits, torch.tensor([0, 3, 9]))
    assert loss.item() == pytest.approx(math.log(10), abs=1e-6)


@pytest.mark.parametrize(("channels", "side"), [(1, 4), (3, 8), (3, 16)])
def test_patches_are_a_convolution_and_unfolding_with_a_product(channels: int, side: int) -> None:
    torch.manual_seed(0)
    patches = Patches(channels, side, 24)
    nn.init.normal_(patches.project.bias)
    pictures = images(2, Shape(3 * side, 2 * side, channels))
    found = patches(pictures)
    kernel = patches.project.weight.view(24, channels, side, side)
    convolved = nn.functional.conv2d(pictures, kernel, patches.project.bias, stride=side)
    torch.testing.assert_close(found, convolved.flatten(2).mT, atol=1e-5, rtol=0)
    unfolded = nn.functional.unfold(pictures, side, stride=side).mT @ patches.project.weight.T + patches.project.bias
    torch.testing.assert_close(found, unfolded, atol=1e-5, rtol=0)


def test_patches_that_do_not_cover_the_image_are_an_error() -> None:
    with pytest.raises(ValueError, match="patches of 5 pixels do not cover images of 28x28"):
        Vit(patch=5).build(CLOTHES, 10)


def shuffled(pictures: Tensor, side: int = 4) -> Tensor:
    """The same patches in another order."""
    columns = nn.functional.unfold(pictures, side, stride=side)
    order = torch.randperm(columns.shape[-1], generator=torch.Generator().manual_seed(2))
    return nn.functional.fold(columns[..., order], pictures.shape[-2:], side, stride=side)


@pytest.mark.parametrize("pool", ["token", "mean"])
def test_without_positions_the_order_of_patches_changes_nothing(pool: Any) -> None:
    module, pictures = trained(Vit(position="none", pool=pool)), images()
    torch.testing.assert_close(module(shuffled(pictures)), module(pictures), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("entrant", [Vit(), Vit(pool="mean"), VitTwoDimensional()])
def test_with_positions_it_does(entrant: Vit) -> None:
    module, pictures = trained(entrant), images()
    assert not torch.allclose(module(shuffled(pictures)), module(pictures), atol=1e-2)


@pytest.mark.parametrize("extra", [0, 1])
def test_interpolating_to_the_same_grid_changes_nothing(extra: int) -> None:
    for kind in (OneDimensional, TwoDimensional):
        before = kind((4, 7), 16, extra)
        after = before.resized((4, 7))
        for old, new in zip(before.parameters(), after.parameters(), strict=True):
            assert torch.equal(old, new)


def test_interpolation_leaves_the_class_token_and_the_corners() -> None:
    before = OneDimensional((4, 5), 16, 1)
    after = before.resized((7, 9))
    assert torch.equal(after.table[0], before.table[0])
    old, new = before.table[1:].view(4, 5, -1), after.table[1:].view(7, 9, -1)
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        torch.testing.assert_close(new[corner], old[corner])


def test_an_interpolated_ramp_is_a_ramp() -> None:
    before = OneDimensional((4, 5), 2, 0)
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 4), torch.linspace(0, 1, 5), indexing="ij")
    with torch.no_grad():
        before.table.copy_(torch.stack([rows + 2 * columns, rows * columns], dim=-1).flatten(0, 1))
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 7), torch.linspace(0, 1, 9), indexing="ij")
    expected = torch.stack([rows + 2 * columns, rows * columns], dim=-1).flatten(0, 1)
    torch.testing.assert_close(before.resized((7, 9)).table, expected)


def test_positions_in_two_dimensions_are_sums_over_rows_and_columns_side_by_side() -> None:
    positions = TwoDimensional((2, 3), 8, 1)
    added = positions(torch.zeros(1, 7, 8))[0]
    assert torch.equal(added[0], torch.zeros(8))
    for row in range(2):
        for column in range(3):
            expected = torch.cat([positions.rows[row], positions.columns[column]])
            assert torch.equal(added[1 + 3 * row + column], expected)


@pytest.mark.parametrize("entrant", [*ENTRANTS, VitHybrid(position="2d")])
def test_a_resized_model_takes_larger_images_and_keeps_its_other_weights(entrant: Vit) -> None:
    small = Shape(16, 16, 1)
    module = trained(entrant, small)
    before = {name: weight.clone() for name, weight in module.named_parameters() if "positions" not in name}
    resized = entrant.resized(module, CLOTHES)
    assert resized(images()).shape == (3, 10)
    after = dict(resized.named_parameters())
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())


@pytest.mark.parametrize("entrant", ENTRANTS)
def test_resizing_to_the_same_size_changes_no_logit(entrant: Vit) -> None:
    module = trained(entrant)
    before = module(images())
    assert torch.equal(entrant.resized(module, CLOTHES)(images()), before)


def reference(block: Block, tokens: Tensor) -> Tensor:
    """Equations 2 and 3 by torch's own attention."""
    attention = nn.MultiheadAttention(tokens.shape[-1], block.heads, batch_first=True)
    attention.load_state_dict(
        {
            "in_proj_weight": block.project.weight,
            "in_proj_bias": block.project.bias,
            "out_proj.weight": block.merge.weight,
            "out_proj.bias": block.merge.bias,
        }
    )
    normed = block.attention_norm(tokens)
    tokens = tokens + attention(normed, normed, normed, need_weights=False)[0]
    fed: Tensor = tokens + block.contract(nn.functional.gelu(block.expand(block.mlp_norm(tokens))))
    return fed


@pytest.mark.parametrize("asked", [None, 1, 3])
def test_a_block_follows_the_paper_s_equations_for_all_requested_tokens(asked: int | None) -> None:
    torch.manual_seed(0)
    block, tokens = Block(SIZES["grey8"], 0.0, "exact"), torch.randn(2, 5, 32)
    for layer in (block.project, block.merge):
        nn.init.normal_(layer.bias)
    torch.testing.assert_close(block(tokens, asked), reference(block, tokens)[:, :asked], atol=1e-5, rtol=1e-4)


def test_every_weight_learns_though_the_last_block_answers_for_one_token_only() -> None:
    module = trained(Vit())
    module(images()).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in module.parameters())


def test_queries_keys_and_values_are_initialised_apart() -> None:
    torch.manual_seed(0)
    block = Block(SIZES["B"], 0.0, "exact")
    bound = math.sqrt(6 / (768 + 768))
    for part in block.project.weight.chunk(3):
        assert part.abs().max().item() == pytest.approx(bound, rel=1e-3)


def test_dropout_is_of_training_only() -> None:
    module, pictures = trained(Vit(dropout=0.3)), images()
    assert torch.equal(module(pictures), module(pictures))
    module.train()
    assert not torch.equal(module(pictures), module(pictures))


def test_the_authors_gelu_is_close_to_the_exact_one_but_another() -> None:
    exact, tanh = (trained(Vit(gelu=gelu))(images()) for gelu in ("exact", "tanh"))
    assert not torch.equal(exact, tanh)
    torch.testing.assert_close(exact, tanh, atol=1e-2, rtol=1e-2)


def test_the_hybrid_for_photographs_has_196_tokens_of_a_resnet_50() -> None:
    with torch.device("meta"):
        module = VitHybrid().build(PHOTOGRAPHS, 1000)
        assert isinstance(module, VisionTransformer)
        assert module.embed(torch.empty(1, 3, 224, 224)).shape == (1, 196, 768)
    assert len(module.embed.body.blocks) == 3 + 4 + 9


@pytest.mark.parametrize("side", [8, 16, 28, 32])
def test_the_hybrid_has_as_many_tokens_as_vit(side: int) -> None:
    shape = Shape(side, side, 1)
    assert VitHybrid().embedding(shape).grid(shape) == Vit().embedding(shape).grid(shape)
    assert built(VitHybrid(), shape).embed(images(1, shape)).shape[1] == (side // Vit().embedding(shape).side) ** 2


def test_the_kind_of_images_depends_on_their_size() -> None:
    sides = (8, 9, 28, 29, 64, 65)
    assert [kind_of(Shape(side, side, 1)) for side in sides] == [
        "grey8",
        *["grey28"] * 2,
        *["colour32"] * 2,
        "photograph",
    ]


def test_the_paper_s_protocol_learns_at_224_pixels_and_is_fine_tuned_at_384() -> None:
    settings = CARD.resolve("paper", "resolution_cifar10").settings
    run = Run(
        settings={**settings, "batch": 1, "tune_batch": 1, "tune_share": 0.5, "precision": "float32"},
        budget=Budget("examples", 2),
        streams=Streams("image_classification", 0),
    )
    photograph = Images(np.full((1, 32, 32, 3), 9, np.uint8), np.zeros(1, np.int64), 10)
    entrant = Vit(dropout=0.1, size="Ti")
    entrant.fit(Resolutions(*(photograph.scaled(side) for side in settings["sides"])), run)
    assert run.spent == 2
    # Of 384 pixels there are 576 patches and a class token.
    with torch.device("meta"):
        before = weights(Vit(size="Ti").build(PHOTOGRAPHS, 10))
    assert entrant.weights() == before + (577 - 197) * 192


def test_the_paper_s_schedule_has_its_numbers_of_steps() -> None:
    paper = CARD.resolve("paper", "resolution_cifar10")
    settings, total = paper.settings, paper.budget.total
    first = round(total // settings["batch"] * (1 - settings["tune_share"]))
    assert first == 93_750  # 300 epochs of 1.28 million photographs
    assert (total - first * settings["batch"]) // settings["tune_batch"] == 10_000
    options = TrainingOptions(warmup=settings["warmup"])
    rates = [options.rate(step, first) for step in (0, 4_999, 9_999, first)]
    assert rates == pytest.approx([1e-4, 0.5, 1.0, 0.0], abs=1e-3)


def test_ablations_undo_one_choice() -> None:
    assert VitNoPosition().parameters == {**Vit().parameters, "position": "none"}
    assert VitTwoDimensional().parameters == {**Vit().parameters, "position": "2d"}
