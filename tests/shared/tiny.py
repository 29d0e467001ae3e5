"""Made-up training data in the shapes that the settings of a tier give, a few items of it, for each task.

A task's function is given the resolved settings of a case, and a handle that the data may be drawn through. It returns
what to train on, and what to ask the trained system.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from harness.core.card import Resolved
from harness.core.task import Problem
from harness.data.sets.imdb import Review
from harness.run import Run
from harness.tasks.entity_linking import Catalogue, Mentions
from harness.tasks.entity_linking import TrainingSet as LinkedMentions
from harness.tasks.federated import Clients
from harness.tasks.image_classification.problems.images import Images, Resolutions
from harness.tasks.long_range.problems import pixels, text
from harness.tasks.long_range.problems.sequences import Sequences, Swap
from harness.tasks.long_range.training.original import exact_classifier
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.pieces import SPECIAL, Pieces
from harness.tasks.mlm.problems.text import TrainingText
from harness.tasks.mlm.problems.words import Words
from harness.tasks.ood_dynamics.problems.sequences import Films
from harness.tasks.ood_dynamics.problems.sequences import Sequences as Symbols
from harness.tasks.retrieval.problems.collection import Judgements
from harness.tasks.retrieval.problems.collection import TrainingSet as AnsweredQueries
from harness.tasks.word_similarity import Corpus

ITEMS: Final = 2
"""The number of items to learn from: one batch."""
CHARACTERS: Final = 90
"""Different characters of the federated texts."""


class Made(NamedTuple):
    """What to train on, and the question to the trained system, whose answer is an array."""

    train: Any
    ask: Callable[[Any], np.ndarray]


Problems = Callable[[str, Run], Problem]


def long_range(resolved: Resolved, run: Run, problem: Problems) -> Made:
    case, settings = resolved.case.id.removeprefix("swap_"), resolved.settings
    if resolved.case.generated and case != "approximation":
        drawn = problem(case, run).train
    elif case == "text":
        tokens, labels = text.tokenised([Review("train", 1, 0, 10, "a tiny review")] * ITEMS, settings["length"])
        drawn = Sequences(tokens, tokens != 0, labels.astype(np.int64), text.VOCABULARY, text.CLASSES)
    else:
        side = 28 if case == "fashion" else settings["side"]
        tokens = pixels.tokenised(np.zeros((ITEMS, side, side), np.uint8))
        drawn = Sequences(tokens, tokens != 0, np.arange(ITEMS), pixels.VOCABULARY, pixels.CLASSES)
    asked = drawn.tokens[:1].astype(np.int64), drawn.keep[:1]
    is_swap = resolved.case.id.startswith("swap_")
    train = Swap(drawn, exact_classifier(drawn, run).shared_weights()) if is_swap else drawn
    return Made(train, lambda system: system.logits(*asked))


def retrieval(resolved: Resolved, run: Run, problem: Problems) -> Made:
    documents = [f"a tiny document about topic{i} and word{i}" for i in range(20)]
    queries = [f"what is topic{i}" for i in range(8)]
    train = AnsweredQueries(documents, queries, Judgements.of(np.arange(8), np.arange(8), len(documents)))
    return Made(train, lambda system: system.search(queries[:2], 5))


def image_classification(resolved: Resolved, run: Run, problem: Problems) -> Made:
    settings, colours = resolved.settings, 3 if "cifar10" in resolved.case.id else 1
    native = 8 if resolved.tier in ("smoke", "quick") else 32 if colours == 3 else 28

    def drawn(side: int) -> Images:
        shape = (ITEMS, side, side, colours)
        return Images(np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8), np.arange(ITEMS), 10)

    if not settings["sides"]:
        return Made(drawn(native), lambda system: system.logits(drawn(native).pixels[:1]))
    low, high = map(drawn, settings["sides"])
    return Made(Resolutions(low, high), lambda system: system.logits(high.pixels[:1]))


def ood_dynamics(resolved: Resolved, run: Run, problem: Problems) -> Made:
    settings = resolved.settings
    if resolved.case.generated:
        train = problem(resolved.case.id, run).train
    else:
        side = settings["sides"][0]
        train = Symbols(np.zeros((ITEMS, side**2), np.uint8), np.zeros((ITEMS, 1), np.uint8), 2, 10, 1)
    if isinstance(train, Films):
        return Made(train, lambda system: system.rollout(train.shown[:1], 2))
    return Made(train, lambda system: system.predict(train.symbols[:1].astype(np.int64), 1))


def mlm(resolved: Resolved, run: Run, problem: Problems) -> Made:
    """Words of a piece each, as many as there are pieces, of which the first few make the text."""
    settings = resolved.settings
    few = [f"w{i}" for i in range(12)]
    words = Words.of([" ".join(few)] * 8)
    known = (*words.vocabulary, *(f"v{i}" for i in range(settings["vocabulary"] - len(SPECIAL) - len(few))))
    ids = np.arange(len(SPECIAL), len(SPECIAL) + len(few), dtype=np.int32)
    pieces = Pieces(ids, np.arange(len(few) + 1), (*SPECIAL, *known))
    blocks = Blocks.cut(words, pieces, settings["length"])
    masked = np.zeros((1, settings["length"]), np.bool_)
    masked[0, 1] = True
    asked = blocks.tokens[:1].astype(np.int64)
    return Made(TrainingText(words, pieces, blocks), lambda system: system.log_probabilities(asked, masked))


def entity_linking(resolved: Resolved, run: Run, problem: Problems) -> Made:
    catalogue = Catalogue.of([f"entity {i}" for i in range(10)], [(0, "first of all"), (1, "second")])
    texts = [f"here is entity {i} in its text" for i in range(10)]
    rows = np.arange(10)
    mentions = Mentions(texts, rows, np.full(10, 8), np.full(10, 16))
    return Made(LinkedMentions(catalogue, mentions, rows), lambda system: system.link(mentions.take(rows[:2]), 3))


def federated(resolved: Resolved, run: Run, problem: Problems) -> Made:
    settings, rng = resolved.settings, np.random.default_rng(0)
    classes, labels = 10, np.arange(2 * ITEMS) % 10
    match settings["network"]:
        case "logistic":
            inputs: Any = csr_array(rng.random((2 * ITEMS, settings["words"]), np.float32))
        case "recurrent":
            inputs = rng.integers(CHARACTERS, size=(2 * ITEMS, settings["length"]))
            classes, labels = CHARACTERS, inputs
        case _:
            shape = {"cifar10": (32, 32, 3), "mnist_writers": (28, 28, 1), "digits": (8, 8, 1)}[resolved.case.id]
            inputs = rng.integers(256, size=(2 * ITEMS, *shape), dtype=np.uint8)
    clients = Clients(inputs, labels, np.arange(0, 2 * ITEMS + 1, ITEMS), classes)
    return Made(clients, lambda system: system.logits(inputs[:1]))


def word_similarity(resolved: Resolved, run: Run, problem: Problems) -> Made:
    settings = resolved.settings
    words = 400 if resolved.case.generated else settings["vocabulary"]
    tokens = np.random.default_rng(0).integers(words, size=600, dtype=np.int32)
    vocabulary = tuple(f"w{i}" for i in range(words))
    corpus = Corpus(tokens, np.arange(0, 601, 20), vocabulary, settings["radius"])
    return Made(corpus, lambda system: system.vectors()[:10])
