"""The real cases: whose examples they are, and that what is held out is held out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from harness.core.card import Card
from harness.data.sets import newsgroups
from harness.run import Run
from harness.tasks.federated.problems import roles
from harness.tasks.federated.problems.bags import NewsgroupBags, coarse_topics, word_shares
from harness.tasks.federated.problems.clients import UNCOUNTED
from harness.tasks.federated.task import Federated

MakeRun = Callable[..., Run]


def test_writers_of_the_test_split_are_unseen(mirror: Path, card: Card, make_run: MakeRun) -> None:
    problem = Federated(card).problem("mnist_writers", make_run("mnist_writers", tier="small"))
    assert len(problem.train) == 450
    assert problem.train.sizes.min() >= 19
    assert problem.train.sizes.max() <= 131
    assert len(np.unique(problem.valid.clients)) == 39
    assert len(np.unique(problem.test.clients)) == 297
    assert len(problem.test.labels) == 10_000


def test_a_role_is_tested_on_its_own_last_speeches() -> None:
    texts = [f"speech {i}" for i in range(10)]
    train, valid, test = roles._split(texts)
    assert (train, valid, test) == (texts[:7], texts[7:8], texts[8:])
    assert [len(part) for part in roles._split(["a", "b"])] == [1, 0, 1]


def test_sequences_overlap_by_one_token_and_padding_is_no_label() -> None:
    tokens = np.arange(2, 9, dtype=np.int16)
    cut = roles._cut(tokens, 4)
    assert cut.tolist() == [[2, 3, 4, 5, 6], [6, 7, 8, 0, 0]]
    inputs, labels = roles.inputs_and_labels(cut)
    assert inputs.tolist() == [[2, 3, 4, 5], [6, 7, 8, 0]]
    assert labels.tolist() == [[3, 4, 5, 6], [7, 8, UNCOUNTED, UNCOUNTED]]


def test_roles_with_two_speeches_or_more_take_part(mirror: Path, card: Card, make_run: MakeRun) -> None:
    problem = Federated(card).problem("shakespeare", make_run("shakespeare", tier="small"))
    assert len(problem.train) == 1_003  # 90 % of 1,114
    assert len(np.unique(problem.test.clients)) == 1_114
    assert problem.train.sizes.max() <= 64
    assert problem.train.inputs.min() >= 0
    assert problem.train.labels.max() < problem.train.classes


def test_bags_are_shares_of_a_document_s_words() -> None:
    found = word_shares(csr_array(np.array([[2, 0, 2], [0, 0, 0], [0, 5, 0]], np.float32)))
    assert found.toarray().tolist() == [[0.5, 0, 0.5], [0, 0, 0], [0, 1, 0]]


def test_coarse_topics_are_the_beginnings_of_group_names() -> None:
    assert coarse_topics(np.array(["alt.atheism", "comp.graphics", "sci.med", "sci.space"])) == [0, 1, 2, 2]


def test_the_vocabulary_is_that_of_training_posts(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = {"train": ["The cat saw a cat", "the dog", "The dog's cat"], "test": ["zebra the zebra zebra"]}
    said = [(split, i, body) for split, texts in bodies.items() for i, body in enumerate(texts)]
    posts = [newsgroups.Post(split, f"sci.{i % 2}", i, "", body) for split, i, body in said]
    monkeypatch.setattr(newsgroups, "posts", lambda: posts)
    built = NewsgroupBags(content="", vocabulary=3).build()
    counts = csr_array((built["data"], built["indices"], built["indptr"]), shape=(4, 3)).toarray()
    # the, cat, and of those in one post the first: dog
    assert counts.tolist() == [[1, 2, 0], [1, 0, 1], [1, 1, 0], [1, 0, 0]]
    assert built["topic"].tolist() == [0, 1, 0, 0]
    assert built["test"].tolist() == [False, False, False, True]
