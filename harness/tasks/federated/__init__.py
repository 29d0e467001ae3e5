"""The task `federated`: do adaptive server optimizers learn better from clients whose data stay with them?"""

from harness.tasks.federated.interface import FederatedLearner as FederatedLearner
from harness.tasks.federated.interface import ServerOptimizer as ServerOptimizer
from harness.tasks.federated.problems.clients import Clients as Clients
from harness.tasks.federated.problems.clients import Inputs as Inputs
from harness.tasks.federated.training.cohorts import BatchSchedule as BatchSchedule
from harness.tasks.federated.training.cohorts import Cohorts as Cohorts
from harness.tasks.federated.training.rounds import Training as Training
