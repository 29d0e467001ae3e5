"""The protocol of the task: how a masked language model is scored."""

from collections.abc import Iterator

import numpy as np

from harness.core.task import Problem, Score, Task, checked_instance, checked_number
from harness.run import Run
from harness.tasks.mlm.data import make
from harness.tasks.mlm.interface import MaskedLanguageModel, TrainingReport
from harness.tasks.mlm.problems.ngrams import F64
from harness.tasks.mlm.problems.text import Collocations, HeldOut, MaskedBlocks
from harness.tasks.mlm.scores.losses import all_losses, block_losses
from harness.tasks.mlm.scores.probes import probe_scores
from harness.tasks.mlm.scores.ranking import planted_above_junk


class Mlm(Task[MaskedLanguageModel]):
    """Predict masked pieces of words; and, without training, rank n-grams."""

    def problem(self, case: str, run: Run) -> Problem:
        """A training text, and masked blocks of held-out text; or n-grams whose kind is known."""
        return make(case, run)

    def measure(self, system: MaskedLanguageModel, split: HeldOut | Collocations, run: Run) -> Iterator[Score]:
        """The losses by evaluation mask, the probes, and what was masked in training; or the ranking of n-grams."""
        if isinstance(split, Collocations):
            n = int(split.is_planted.sum()) * int(split.is_junk.sum())
            yield Score("planted_above_junk", planted_above_junk(system, split), n, n)
            return
        losses = {kind: all_losses(system, blocks, split.vocabulary) for kind, blocks in split.masks.items()}
        for kind, of_tokens in losses.items():
            yield _mean("loss", of_tokens, kind, split.masks[kind])
        phrases, words = losses["phrase"], split.masks["phrase"].words
        yield Score("phrase_loss", float(phrases.mean()), len(phrases), len(phrases))
        yield Score("phrase_loss_per_word", float(phrases.sum()) / words, words, words)
        for kind, blocks in split.elsewhere.items():
            yield _mean("wikitext_loss", all_losses(system, blocks, split.vocabulary), kind, blocks)
        for name, probe in split.probes.items():
            if "encoder" in type(system).capabilities():
                yield from probe_scores(system, name, probe, run)
        if "training_report" in type(system).capabilities():
            yield from _training_scores(checked_instance("training_report", system.training_report(), TrainingReport))

    def answers(
        self, system: MaskedLanguageModel, split: HeldOut | Collocations, picks: np.ndarray
    ) -> np.ndarray | None:
        """F64[n]: the summed losses of the phrases in the picked blocks."""
        if isinstance(split, Collocations):
            return None
        return block_losses(system, split.masks["phrase"], picks, split.vocabulary)


def _training_scores(report: TrainingReport) -> Iterator[Score]:
    """What the report says."""
    for metric, value in (
        ("training_gain", report.gain),
        ("mask_rate", report.mask_rate),
        ("coverage", report.coverage),
    ):
        yield Score(metric, checked_number(f"training_report ({metric})", value), 1, 1)
    rates = checked_instance("training_report (unit_mask_rates)", report.unit_mask_rates, dict)
    for words, rate in rates.items():
        value = checked_number(f"training_report (unit_mask_rates of {words})", rate)
        yield Score("unit_mask_rate", value, 1, 1, {"words": words})


def _mean(metric: str, losses: F64, mask: str, blocks: MaskedBlocks) -> Score:
    """The mean loss at a mask."""
    n = len(losses)
    return Score(metric, float(losses.mean()), n, n, {"mask": mask}, chance=blocks.chance_loss)
