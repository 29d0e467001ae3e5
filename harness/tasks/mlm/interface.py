"""What an entrant of the task implements: `MaskedLanguageModel`, or the components `Masking` and `NGramMasking`."""

from abc import abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from typing import Annotated, Any, ClassVar, NamedTuple, final

import numpy as np
import torch
from annotated_types import Ge, Gt
from torch import nn

from harness.core.entrant import Entrant, capability
from harness.core.errors import UserError
from harness.nn.training import evaluating
from harness.run import Run
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.lists import list_spans
from harness.tasks.mlm.problems.ngrams import F64, LONGEST, NGramCounts, NGrams, NGramTable
from harness.tasks.mlm.problems.text import TrainingText
from harness.tasks.mlm.problems.words import I64
from harness.tasks.mlm.training.masking import Tally
from harness.tasks.mlm.training.pretraining import build_network, pretrain
from harness.tasks.mlm.training.spans import choose_disjoint, spans_in_blocks, starts_of_spans, units_of_starts

__all__ = [
    "F64",
    "I64",
    "Blocks",
    "MaskedLanguageModel",
    "Masking",
    "NGramMasking",
    "NGrams",
    "TrainingReport",
    "TrainingText",
    "units_of_starts",
]


class TrainingReport(NamedTuple):
    """What the masks of training were.

    gain: the loss of guessing by frequency minus the training loss, in nats, a mean over the last tenth of the steps.
    mask_rate: the share of all tokens that were masked. unit_mask_rates: that share by the number of words of the
    units. coverage: the share of tokens that are in units of several words.
    """

    gain: float
    mask_rate: float
    unit_mask_rates: dict[int, float]
    coverage: float


class MaskedLanguageModel(Entrant):
    """Predicts masked pieces of words from those around them."""

    @abstractmethod
    def fit(self, text: TrainingText, run: Run, /) -> None:
        """Learn from blocks, drawn through `run.draw` at a cost of one each."""

    @abstractmethod
    def log_probabilities(self, tokens: np.ndarray, masked: np.ndarray) -> np.ndarray:
        """F32[m V]: the logarithms of the probabilities of all pieces at the m masked tokens, row by row, given tokens
        I64[n L] in which `[MASK]` stands at those with `masked` Bool[n L]."""

    @capability
    def encoder(self) -> nn.Module:
        """A copy of the network up to its last states: a module tokens I64[n L] -> F32[n L width]."""
        raise NotImplementedError

    @capability
    def training_report(self) -> TrainingReport:
        """What the masks of training were, and what was learned of them."""
        raise NotImplementedError

    @capability
    def rank(self, ngrams: NGrams) -> F64:
        """F64[k]: the scores by which n-grams of one length are chosen as units, the highest first."""
        raise NotImplementedError


class Masking(MaskedLanguageModel):
    """A BERT whose masking is open: which tokens form a unit, all of whose tokens are masked together.

    Pieces, network, blocks and their order, the share of masked tokens, what replaces them, steps and optimizer are
    fixed by the task and the same for every masking. `lr` is the peak of the learning rate; None stands for the task's
    setting.
    """

    lr: Annotated[float, Gt(0)] | None = None
    # Listed, so that all maskings try the same rates; the first trial has that of the setting, 2e-3 at `small`.
    search_space: ClassVar[Mapping[str, Any]] = {"lr": [5e-4, 1e-3, 4e-3]}

    @abstractmethod
    def units(self, blocks: Blocks, rng: np.random.Generator) -> I64:
        """I64[n L]: the units of the tokens of a batch. Tokens of a block with the same number, 0 or more, are a unit;
        -1 stands for special tokens, and for tokens that are never masked."""

    def prepare(self, text: TrainingText, run: Run) -> None:
        """Look at the training text once before training; nothing by default."""
        return

    @final
    def fit(self, text: TrainingText, run: Run, /) -> None:
        """Train the task's network on masks that are drawn from the units."""
        self.prepare(text, run)
        self.network = build_network(text, run)
        self._tally = Tally()
        pretrain(self.network, text, self.units, run, self.lr or run.settings["lr"], self._tally)

    @final
    def log_probabilities(self, tokens: np.ndarray, masked: np.ndarray) -> np.ndarray:
        """The log-softmax of the network's logits."""
        device = self.network.bias.device
        with evaluating(self.network):
            logits = self.network(torch.from_numpy(tokens).to(device), torch.from_numpy(masked).to(device))
            log_p: np.ndarray = logits.log_softmax(dim=1).cpu().numpy()
        return log_p

    @final
    def encoder(self) -> nn.Module:
        """A copy of the encoder."""
        return deepcopy(self.network.reader)

    @final
    def training_report(self) -> TrainingReport:
        """What was counted in training up to now."""
        tally = self._tally
        return TrainingReport(tally.gain, tally.rate, tally.rates, tally.coverage)


class NGramMasking(Masking):
    """A masking whose units are the n-grams on a list, and single words elsewhere; which n-grams are on the list is
    open.

    The list has the n-grams of 2 to 5 words with the highest scores, of those that occur at least `least` times (a
    setting; 10) and consist of letters and digits. Each length has a ranking of its own and a fixed share of the list:
    50, 25, 12.5 and 12.5 %, as in the paper (Levine et al., 2021), where an n-gram needs more than 10 occurrences. The
    longest n-gram counts where another one is inside it. Of n-grams that overlap, one is chosen at random each time
    that a block is masked, and the other words are units by themselves. An n-gram that is cut by the end of a block is
    no unit.

    `size` is the length of the list; None stands for the task's setting.
    """

    cases = ("atlas", "collocations", "wikipedia")
    size: Annotated[int, Ge(1)] | None = None

    @abstractmethod
    def rank(self, ngrams: NGrams) -> F64:
        """F64[k]: the scores of n-grams of one length."""

    @final
    def prepare(self, text: TrainingText, run: Run) -> None:
        """Finds the n-grams of the list in the training text.

        Raises `UserError` if no n-gram occurs often enough.
        """
        least, size = run.settings["least"], self.size or run.settings["list_size"]
        table = NGramTable.restore(run.artefact(NGramCounts.of(text.words, least)))
        self._spans = list_spans(table, table.at, self.rank, text.words.alphabetic, size)
        if not self._spans.any():
            raise UserError(
                f"no n-gram of 2 to {LONGEST} words occurs {least} times in the training text, which has "
                f"{len(text.words.ids)} words; lower the setting `least`, or take more text"
            )

    @final
    def units(self, blocks: Blocks, rng: np.random.Generator) -> I64:
        """The n-grams of the list that a random choice leaves, and the words between them."""
        lengths = spans_in_blocks(blocks, self._spans)
        return units_of_starts(blocks, starts_of_spans(choose_disjoint(lengths, rng), lengths))
