"""Probes: sentences are classified from the states of the encoder, as it is (`frozen`) or trained further (`tuned`)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, matthews_corrcoef
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.core.task import Score, checked
from harness.nn.returned import returned_module, returned_tensor
from harness.nn.training import TrainingOptions, evaluating, seeded, shuffled_batches, train
from harness.run import Run
from harness.tasks.mlm.interface import MaskedLanguageModel
from harness.tasks.mlm.problems.pieces import PAD
from harness.tasks.mlm.problems.text import Probe, Sentences
from harness.tasks.mlm.problems.words import I64

METRICS: Final = {"sst2": ("sst2_accuracy", accuracy_score), "cola": ("cola_matthews", matthews_corrcoef)}
"""The metric of each probe."""
_BATCH: Final = 128


def probe_scores(system: MaskedLanguageModel, name: str, probe: Probe, run: Run) -> Iterator[Score]:
    """The scores of a probe on frozen states, by logistic regression, and after fine-tuning."""
    metric, compute = METRICS[name]
    answers = {
        "frozen": frozen_answers(_encoder(system), probe, run.device),
        "tuned": tuned_answers(system, probe, run),
    }
    for stage, predicted in answers.items():
        n = len(predicted)
        yield Score(metric, float(compute(probe.test.labels, predicted)), n, n, {"stage": stage})


def frozen_answers(encoder: nn.Module, probe: Probe, device: str) -> I64:
    """I64[n]: the labels that a logistic regression on mean states predicts."""
    train_states, test_states = (_states(encoder, part, device) for part in probe)
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    regression.fit(train_states, probe.train.labels)
    predicted: I64 = regression.predict(test_states)
    return predicted


def tuned_answers(system: MaskedLanguageModel, probe: Probe, run: Run) -> I64:
    """I64[n]: the labels that the encoder predicts after it was trained on the probe with a linear layer on its mean
    state."""
    settings = run.settings
    examples = settings["probe_passes"] * len(probe.train.labels)
    tuning = Run(
        settings=settings,
        budget=Budget("blocks", examples),
        streams=Streams("mlm", run.seed("fine-tuning"), "probe"),
        device=run.device,
    )
    with seeded(tuning):
        classifier = _Classifier(_encoder(system), settings).to(run.device)
    tokens, labels = torch.from_numpy(probe.train.tokens), torch.tensor(probe.train.labels)

    def loss(rows: Tensor) -> Tensor:
        logits = classifier(tokens[rows.cpu()].to(run.device))
        return nn.functional.cross_entropy(logits, labels[rows.cpu()].to(run.device))

    batch = settings["batch"]
    order = shuffled_batches(len(labels), batch, tuning.torch_rng("order"))
    train(classifier, order, loss, tuning, cost=batch, options=TrainingOptions(lr=settings["probe_lr"]))
    with evaluating(classifier):
        parts = [classifier(part.to(run.device)).argmax(dim=1) for part in _parts(probe.test)]
    predicted: I64 = torch.cat(parts).cpu().numpy()
    return predicted


def _encoder(system: MaskedLanguageModel) -> nn.Module:
    return returned_module("encoder", system.encoder())


class _Classifier(nn.Module):
    def __init__(self, encoder: nn.Module, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.encoder = encoder
        self.read = nn.Linear(settings["width"], 2)

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.read(mean_state(self.encoder(tokens), tokens))
        return logits


def mean_state(states: Tensor, tokens: Tensor) -> Tensor:
    """F32[n width]: the means over the tokens that are no padding of states F32[n L width]."""
    states = returned_tensor("encoder", states, (*tokens.shape, None))
    keep = (tokens != PAD).unsqueeze(-1)
    mean: Tensor = (states * keep).sum(dim=1) / keep.sum(dim=1)
    return mean


def _states(encoder: nn.Module, sentences: Sentences, device: str) -> np.ndarray:
    encoder.to(device)
    with evaluating(encoder):
        parts = [mean_state(encoder(part.to(device)), part.to(device)) for part in _parts(sentences)]
    return checked("encoder", torch.cat(parts).cpu(), (len(sentences.labels), None))


def _parts(sentences: Sentences) -> tuple[Tensor, ...]:
    return torch.split(torch.from_numpy(sentences.tokens), _BATCH)
