"""The task `retrieval`: are a dense retriever's own nearest neighbours better negatives than other documents?"""

from harness.tasks.retrieval.interface import I64 as I64
from harness.tasks.retrieval.interface import Batch as Batch
from harness.tasks.retrieval.interface import Bm25 as Bm25
from harness.tasks.retrieval.interface import Bm25Options as Bm25Options
from harness.tasks.retrieval.interface import Diagnostics as Diagnostics
from harness.tasks.retrieval.interface import NegativeSampler as NegativeSampler
from harness.tasks.retrieval.interface import Retriever as Retriever
from harness.tasks.retrieval.interface import TrainingSet as TrainingSet
from harness.tasks.retrieval.interface import View as View
