"""Pre-training: the network predicts masked tokens, the same for every masking."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from harness.nn.training import TrainingOptions, seeded, shuffled_batches, train
from harness.run import Run
from harness.tasks.mlm.models.network import Network
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.text import TrainingText
from harness.tasks.mlm.problems.words import I64
from harness.tasks.mlm.training.masking import MaskingOptions, Tally, check_units, mask

Units: TypeAlias = Callable[[Blocks, np.random.Generator], I64]


def build_network(text: TrainingText, run: Run) -> Network:
    """The untrained network of a seed."""
    with seeded(run):
        return Network(torch.from_numpy(text.piece_log_p).float(), run.settings).to(run.device)


def pretrain(network: Network, text: TrainingText, units: Units, run: Run, lr: float, tally: Tally) -> None:
    """Train on blocks in random order until the budget ends; a block costs one. Every time that a block is read, it is
    masked anew, and `tally` counts what is masked."""
    settings, blocks = run.settings, text.blocks
    options = MaskingOptions(settings["mask_rate"], settings["overshoot"])
    rng = run.rng("masks")
    log_p = torch.from_numpy(text.piece_log_p).float().to(run.device)

    def loss(rows: Tensor) -> Tensor:
        batch = blocks.select(rows.cpu().numpy())
        masked = mask(batch, check_units(units(batch, rng), batch), len(text.pieces.names), options, rng, tally)
        targets = batch.tokens[masked.masked].astype(np.int64)
        tokens, at, wanted = (
            torch.from_numpy(array).to(run.device) for array in (masked.tokens, masked.masked, targets)
        )
        mean = nn.functional.cross_entropy(network(tokens, at), wanted)
        tally.gains.append(-log_p[wanted].mean() - mean.detach())
        return mean

    order = shuffled_batches(len(blocks), settings["batch"], run.torch_rng("order"))
    schedule = TrainingOptions(lr=lr, warmup=settings["warmup"], weight_decay=settings["weight_decay"])
    train(network, order, loss, run, cost=settings["batch"], options=schedule, state={"tally": tally})
