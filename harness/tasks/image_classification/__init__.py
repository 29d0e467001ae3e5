"""The task `image_classification`: how much data does a Transformer need to match a convolutional network?"""

from harness.tasks.image_classification.interface import ImageClassifier as ImageClassifier
from harness.tasks.image_classification.interface import ImageModel as ImageModel
from harness.tasks.image_classification.problems.images import Images as Images
from harness.tasks.image_classification.problems.images import Resolutions as Resolutions
from harness.tasks.image_classification.problems.images import Shape as Shape
