"""How a generator is trained: pairs of what it reads and the name that it writes, by teacher forcing."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from harness.nn.seq2seq import EncoderDecoder
from harness.nn.training import TrainingOptions, train
from harness.run import Run
from harness.tasks.entity_linking.models.writer import trimmed
from harness.tasks.entity_linking.problems.tokens import Mark
from harness.tasks.entity_linking.training.examples import Pairs


def teach(
    model: EncoderDecoder,
    batches: Iterator[Pairs],
    run: Run,
    *,
    batch: int,
    smoothing: float,
    options: TrainingOptions,
) -> None:
    """Minimise the cross-entropy of the tokens of the targets, with `smoothing` of the labels, until the budget ends.

    The loss is the mean over the tokens of a batch.
    """

    def loss(pairs: Pairs) -> Tensor:
        source, target = (trimmed(torch.from_numpy(side.astype(np.int64))).to(run.device) for side in pairs)
        start = torch.full_like(target[:, :1], int(Mark.START))
        wanted = target != Mark.PAD
        logits = model(source, source != Mark.PAD, torch.cat((start, target[:, :-1]), dim=1), wanted)
        return functional.cross_entropy(logits, target[wanted], label_smoothing=smoothing)

    train(model, batches, loss, run, cost=batch, options=options, state={})
