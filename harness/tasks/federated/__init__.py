"""The task `federated`: do adaptive server optimizers learn better from clients whose data stay with them?"""

from harness.tasks.federated.interface import FederatedLearner as FederatedLearner
from harness.tasks.federated.interface import ServerOptimizer as ServerOptimizer
from harness.tasks.federated.problems.clients import Clients as Clients
from harness.tasks.federated.problems.clients import Inputs as Inputs
