"""How long n-grams of a real text take beside collocations of nltk, and masking beside a training step."""

import subprocess
import sys
from itertools import chain

import numpy as np
import pytest
import torch
from torch import nn

from baselines.mlm.random_span import RandomSpan
from baselines.mlm.whole_word import WholeWord
from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.data.sets.wikipedia import articles
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.ngrams import count_ngrams
from harness.tasks.mlm.problems.pieces import SPECIAL, Pieces
from harness.tasks.mlm.problems.text import TrainingText
from harness.tasks.mlm.problems.words import Words, split_words
from harness.tasks.mlm.training.masking import MaskingOptions, Tally, mask
from harness.tasks.mlm.training.pretraining import build_network
from methods.pmi_masking.pmi_masking import PmiMasking

LEAST, WORDS, VOCABULARY = 10, 400_000, 20_000
RESOLVED = read_card(HARNESS / "tasks" / "mlm" / "task.toml").resolve("small", "wikipedia")
MEASURED = """
import resource, sys
from harness.data.sets.wikipedia import articles
from harness.tasks.mlm.problems.ngrams import count_ngrams
from harness.tasks.mlm.problems.words import Words
words = Words.of(article.text for article in articles())
count_ngrams(words, 10)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture(scope="module")
def texts():
    return [article.text for article in articles()]


@pytest.mark.benchmark(group="n-grams of 9.1 million words of Wikipedia")
def test_n_grams_of_up_to_five_words_take_less_than_a_minute(mirror, benchmark, texts):
    benchmark.pedantic(count_ngrams, (Words.of(texts), LEAST), rounds=1)
    assert benchmark.stats.stats.max < 60


@pytest.mark.benchmark(group="n-grams of 9.1 million words of Wikipedia")
def test_bigrams_alone_by_nltk(mirror, benchmark, texts):
    """The peer: pairs of words and their PMI, from words that are split before."""
    collocations = pytest.importorskip("nltk.collocations")
    words = list(chain.from_iterable(map(split_words, texts)))

    def count():
        finder = collocations.BigramCollocationFinder.from_words(words)
        finder.apply_freq_filter(LEAST)
        return finder.score_ngrams(collocations.BigramAssocMeasures.pmi)

    benchmark.pedantic(count, rounds=1)


@pytest.mark.benchmark(group="n-grams of 9.1 million words of Wikipedia")
def test_with_the_words_split_they_need_less_than_4_gb(mirror, benchmark):
    """In a process of its own, which prints its peak in kilobytes."""
    command = [sys.executable, "-c", MEASURED]
    child = benchmark.pedantic(subprocess.run, (command,), {"capture_output": True, "check": True}, rounds=1)
    assert int(child.stdout) < 4 * 2**20


@pytest.fixture(scope="module")
def text():
    """Words by Zipf's law, of one to three pieces, in documents of 250 words."""
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, VOCABULARY + 1)
    ids = rng.choice(VOCABULARY, WORDS, p=weights / weights.sum()).astype(np.int32)
    words = Words(ids, np.arange(0, WORDS + 1, 250), [f"w{i}" for i in range(VOCABULARY)])
    sizes = np.minimum(1 + np.arange(VOCABULARY) // 3000, 3)
    pieces = Pieces(
        rng.integers(len(SPECIAL), RESOLVED.settings["vocabulary"], sizes.sum()).astype(np.int32),
        np.cumsum([0, *sizes]),
        tuple(map(str, range(RESOLVED.settings["vocabulary"]))),
    )
    return TrainingText(words, pieces, Blocks.cut(words, pieces, RESOLVED.settings["length"]))


@pytest.fixture
def run(tmp_path):
    return Run(
        settings=RESOLVED.settings, budget=RESOLVED.budget, streams=Streams("mlm", 0), cache=Cache(tmp_path / "cache")
    )


@pytest.mark.benchmark(group="a batch of the tier small")
@pytest.mark.parametrize("masking", [WholeWord, RandomSpan, PmiMasking])
def test_masking(benchmark, text, run, masking):
    """To be less than a twentieth of the step below."""
    entrant, rng = masking(), np.random.default_rng(0)
    entrant.prepare(text, run)
    blocks, tally = text.blocks.select(np.arange(RESOLVED.settings["batch"])), Tally()

    def once():
        return mask(blocks, entrant.units(blocks, rng), len(text.pieces.names), MaskingOptions(), rng, tally)

    benchmark.pedantic(once, rounds=100, warmup_rounds=5)


@pytest.mark.benchmark(group="a batch of the tier small")
def test_training_step(benchmark, text, run):
    """A step of the network without masking."""
    network = build_network(text, run)
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    blocks = text.blocks.select(np.arange(RESOLVED.settings["batch"]))
    rng = np.random.default_rng(0)
    batch = mask(blocks, blocks.words.astype(np.int64), len(text.pieces.names), MaskingOptions(), rng, Tally())
    tokens, masked = torch.from_numpy(batch.tokens), torch.from_numpy(batch.masked)
    targets = torch.from_numpy(blocks.tokens[batch.masked].astype(np.int64))

    def step():
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(network(tokens, masked), targets).backward()
        optimizer.step()

    benchmark.pedantic(step, rounds=20, warmup_rounds=3)
