"""The task `long_range`: does attention in linear time keep the accuracy of softmax attention?"""

from harness.tasks.long_range.interface import Attention as Attention
from harness.tasks.long_range.interface import SequenceClassifier as SequenceClassifier
from harness.tasks.long_range.models.redraw import is_redraw_due as is_redraw_due
from harness.tasks.long_range.problems.sequences import Sequences as Sequences
from harness.tasks.long_range.problems.sequences import Swap as Swap
