"""The task `word_similarity`: do vectors or binary codes of words, learned from text, rank word pairs as people do?"""

from harness.tasks.word_similarity.interface import Binariser as Binariser
from harness.tasks.word_similarity.interface import WordEmbedder as WordEmbedder
from harness.tasks.word_similarity.models.codes import Codes as Codes
from harness.tasks.word_similarity.models.codes import code_bits as code_bits
from harness.tasks.word_similarity.models.codes import most_active as most_active
from harness.tasks.word_similarity.models.codes import two_sided as two_sided
from harness.tasks.word_similarity.models.cooccurrence import cooccurrences as cooccurrences
from harness.tasks.word_similarity.models.skipgram import SkipGramOptions as SkipGramOptions
from harness.tasks.word_similarity.models.skipgram import train_skipgram as train_skipgram
from harness.tasks.word_similarity.problems.corpus import NUMBER as NUMBER
from harness.tasks.word_similarity.problems.corpus import UNKNOWN as UNKNOWN
from harness.tasks.word_similarity.problems.corpus import Corpus as Corpus
