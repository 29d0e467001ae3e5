"""FedSGD and centralised training: what they do in a round."""

import numpy as np
import pytest
import torch

from baselines.federated.centralised import Centralised, _batches
from baselines.federated.fedavg import FedAvg
from baselines.federated.fedsgd import FedSgd
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.run import Run
from harness.tasks.federated import Clients, FederatedLearner
from harness.tasks.federated.models.dense import Perceptron

SETTINGS = {
    "network": "perceptron",
    "hidden": 4,
    "cohort": 3,
    "client_batch": 5,
    "epochs": 1,
    "client_lr": 0.5,
    "crop": 0,
}


@pytest.fixture
def clients() -> Clients:
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(30, 2, 2, 1), dtype=np.uint8)
    return Clients(images, images[:, 0, 0, 0].astype(np.int64) // 128, np.array([0, 14, 17, 30]), 2)


def fitted(learner: FederatedLearner, clients: Clients, rounds: int = 1, **settings: int) -> np.ndarray:
    run = Run(settings={**SETTINGS, **settings}, budget=Budget("rounds", rounds), streams=Streams("federated", 0))
    learner.fit(clients, run)
    assert run.spent == rounds
    return learner.logits(clients.inputs)


def test_fedsgd_is_a_step_along_the_gradient_of_all_examples(clients: Clients) -> None:
    network = Perceptron(4, 4, 2)
    x = network.initial(torch.Generator().manual_seed(Streams("federated", 0).seed("init")))
    inputs, labels = torch.tensor(clients.inputs)[None], torch.tensor(clients.labels)[None]
    _, gradient = network.gradient(x[None], inputs, labels)
    stepped = network.answers(x - 0.5 * gradient, clients.inputs)
    np.testing.assert_allclose(fitted(FedSgd(), clients), stepped, atol=1e-6)


def test_fedsgd_is_federated_averaging_with_whole_batches(clients: Clients) -> None:
    whole = fitted(FedAvg(), clients, rounds=5, client_batch=14)
    np.testing.assert_allclose(fitted(FedSgd(), clients, rounds=5), whole, atol=1e-6)


def test_centralised_training_with_one_batch_is_gradient_descent(clients: Clients) -> None:
    # Three clients have one batch each, and so the pool three of all examples.
    three = fitted(FedSgd(), clients, rounds=3)
    np.testing.assert_allclose(fitted(Centralised(), clients, client_batch=30), three, atol=1e-6)


def test_centralised_training_learns(clients: Clients) -> None:
    logits = fitted(Centralised(), clients, rounds=200)
    assert (logits[-1].argmax(-1) == clients.labels).mean() > 0.9


def test_pooled_batches_have_every_example_once_an_epoch() -> None:
    drawn = _batches(11, 5, np.random.default_rng(0))
    epochs = [np.concatenate([next(drawn), next(drawn)]) for _ in range(2)]
    assert all(len(set(epoch.tolist())) == 10 for epoch in epochs)
    assert (epochs[0] != epochs[1]).any()
