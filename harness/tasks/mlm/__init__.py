"""The task `mlm`: does masking correlated words together teach a masked language model more?"""

from harness.tasks.mlm.interface import F64 as F64
from harness.tasks.mlm.interface import I64 as I64
from harness.tasks.mlm.interface import Blocks as Blocks
from harness.tasks.mlm.interface import MaskedLanguageModel as MaskedLanguageModel
from harness.tasks.mlm.interface import Masking as Masking
from harness.tasks.mlm.interface import NGramMasking as NGramMasking
from harness.tasks.mlm.interface import NGrams as NGrams
from harness.tasks.mlm.interface import TrainingReport as TrainingReport
from harness.tasks.mlm.interface import TrainingText as TrainingText
from harness.tasks.mlm.interface import units_of_starts as units_of_starts
