"""The task `ood_dynamics`: does what a recurrent core learned on short or simple sequences carry over to others?"""

from harness.tasks.ood_dynamics.interface import RecurrentCore as RecurrentCore
from harness.tasks.ood_dynamics.interface import SequencePredictor as SequencePredictor
from harness.tasks.ood_dynamics.models.core import Core as Core
from harness.tasks.ood_dynamics.models.core import widest as widest
from harness.tasks.ood_dynamics.problems.sequences import Films as Films
from harness.tasks.ood_dynamics.problems.sequences import Sequences as Sequences
