"""The network of each case, chosen by the task's settings."""

from collections.abc import Mapping
from typing import Any

from harness.tasks.federated.models.convolutional import Convolutional, Residual
from harness.tasks.federated.models.dense import Logistic, Perceptron
from harness.tasks.federated.models.network import Network
from harness.tasks.federated.models.recurrent import Recurrent
from harness.tasks.federated.problems.clients import Clients


def build(clients: Clients, settings: Mapping[str, Any]) -> Network:
    """The network that `settings["network"]` names, sized by the settings for the clients' examples.

    Raises `ValueError` if there is no network of that name.
    """
    shape, classes = clients.inputs.shape[1:], clients.classes
    match settings["network"]:
        case "logistic":
            return Logistic(shape[0], classes)
        case "perceptron":
            return Perceptron(shape[0] * shape[1] * shape[2], settings["hidden"], classes)
        case "convolutional":
            height, width, colours = shape
            first, second = settings["channels"]
            return Convolutional(
                (height, width, colours),
                classes,
                (first, second),
                hidden=settings["hidden"],
                kernel=settings["kernel"],
                stride=settings["stride"],
            )
        case "residual":
            return Residual(settings["crop"] or shape[0], shape[2], classes, settings["channels"][0])
        case "recurrent":
            return Recurrent(classes, settings["embedding"], settings["hidden"], settings["layers"], settings["cell"])
        case other:
            raise ValueError(
                f"there is no network '{other}'; choose logistic, perceptron, convolutional, residual or recurrent"
            )
