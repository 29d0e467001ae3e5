"""The task `control`: do random shifts of images let agents learn from pixels with few frames?"""

from harness.tasks.control.interface import Agent as Agent
from harness.tasks.control.interface import AugmentedAgent as AugmentedAgent
from harness.tasks.control.interface import AugmentedDqn as AugmentedDqn
from harness.tasks.control.interface import AugmentedSac as AugmentedSac
from harness.tasks.control.problems.environment import Observation as Observation
from harness.tasks.control.problems.environment import random_actions as random_actions
from harness.tasks.control.problems.episodes import World as World
from harness.tasks.control.problems.episodes import play as play
from harness.tasks.control.problems.transitions import FixedReplay as FixedReplay
from harness.tasks.control.training.replay import Frames as Frames
from harness.tasks.control.training.replay import Minibatch as Minibatch
from harness.tasks.control.training.sac import Sac as Sac
from harness.tasks.control.training.student import Log as Log
from harness.tasks.control.training.views import Views as Views
