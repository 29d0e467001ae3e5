"""The task `federated`: do adaptive server optimizers learn better from clients whose data stay with them?"""

from harness.tasks.federated.federation import Clients as Clients
from harness.tasks.federated.federation import Inputs as Inputs
from harness.tasks.federated.interface import FederatedLearner as FederatedLearner
from harness.tasks.federated.interface import ServerOptimizer as ServerOptimizer
