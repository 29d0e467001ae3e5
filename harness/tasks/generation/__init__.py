"""The task `generation`: how good are generated images, and how many evaluations of a network do they take?"""

from harness.tasks.generation.interface import ImageGenerator as ImageGenerator
from harness.tasks.generation.interface import Samples as Samples
from harness.tasks.generation.interface import ScoreModel as ScoreModel
from harness.tasks.generation.models.build import network_weights as network_weights
from harness.tasks.generation.models.gaussian import FittedGaussian as FittedGaussian
from harness.tasks.generation.models.process import Drawn as Drawn
from harness.tasks.generation.models.process import Process as Process
from harness.tasks.generation.models.process import Sampling as Sampling
from harness.tasks.generation.problems.images import Images as Images
from harness.tasks.generation.problems.images import dequantised as dequantised
from harness.tasks.generation.problems.mixture import Mixture as Mixture
from harness.tasks.generation.problems.noise import Noise as Noise
from harness.tasks.generation.problems.noise import ScoreFunction as ScoreFunction
