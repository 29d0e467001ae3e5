"""The problem of each case: the clients' examples, and the examples to validate and test on."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from harness.core.canonical import array_digest
from harness.core.task import Problem, majority_share, read_only
from harness.run import Run
from harness.tasks.federated.problems import roles
from harness.tasks.federated.problems.bags import NewsgroupBags, coarse_topics, word_shares
from harness.tasks.federated.problems.clients import UNCOUNTED, Clients, Examples, Inputs, group_by_client
from harness.tasks.federated.problems.partition import dirichlet, draw_owners, pachinko

DRAWN_SHARE: Final = 0.9
"""The share of the writers and roles that a seed draws to learn from."""
VALID_WRITERS: Final = 39
"""How many of the 539 training writers are for validation; 500 are left."""
ORDER_SEED: Final = 2021
"""The seed of the random orders that are the same in every run. Validation and test sets are the first examples in
them."""

Deal = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""A partition: (labels I64[n], rng) -> the client of each example, I64[n]."""


class _Split(NamedTuple):
    inputs: Inputs
    labels: np.ndarray
    clients: np.ndarray


def make(case: str, run: Run) -> Problem:
    """The problem of a case (`KeyError` if there is none)."""
    return {
        "digits": _digits,
        "atlas": _atlas,
        "mnist_writers": _mnist_writers,
        "newsgroups": _newsgroups,
        "shakespeare": _shakespeare,
        "cifar10": _cifar10,
    }[case](run)


def _digits(run: Run) -> Problem:
    from harness.data.sets.digits import digits

    images, labels = digits()
    inputs = (images * (255 / 16)).round().astype(np.uint8)[..., None]
    return _deal(inputs, labels.astype(np.int64), run, _by_dirichlet(run))


def _cifar10(run: Run) -> Problem:
    from harness.data.sets import cifar10

    train, test = cifar10.images("train"), cifar10.images("test")
    inputs = np.concatenate([train.images, test.images])
    labels = np.concatenate([train.labels, test.labels]).astype(np.int64)
    return _deal(inputs, labels, run, _by_dirichlet(run), np.arange(len(labels)) >= len(train.labels))


def _atlas(run: Run) -> Problem:
    """The seed draws the articles, and not only the clients that they belong to."""
    from harness.data.atlas import Atlas, AtlasOptions

    names = ("words", "topics", "distractors", "length")
    bags = Atlas(AtlasOptions(**{name: run.settings[name] for name in names}), run.rng("data")).bags()
    inputs = word_shares(csr_array(bags.counts.astype(np.float32)))
    return _deal(inputs, bags.topic, run, _by_dirichlet(run))


def _newsgroups(run: Run) -> Problem:
    """Training posts are dealt to clients by Pachinko allocation on the hierarchy of the groups' names."""
    from harness.data.catalogue import catalogue

    content, words = catalogue()["newsgroups20"].content, run.settings["words"]
    built = run.artefact(NewsgroupBags(content=content, vocabulary=words))
    shape = (len(built["topic"]), words)
    inputs = word_shares(csr_array((built["data"], built["indices"], built["indptr"]), shape=shape))

    def deal(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        settings = run.settings
        return pachinko(labels, coarse_topics(built["groups"]), settings["clients"], tuple(settings["alphas"]), rng)

    return _deal(inputs, built["topic"], run, deal, built["test"])


def _by_dirichlet(run: Run) -> Deal:
    return lambda labels, rng: dirichlet(labels, run.settings["clients"], run.settings["alphas"][0], rng)


def _deal(inputs: Inputs, labels: np.ndarray, run: Run, deal: Deal, test: np.ndarray | None = None) -> Problem:
    """Validation and test examples are the same for all seeds; the seed deals all other examples to clients.

    `test` Bool[n] says which examples belong to the test set. Without it, the first `test_items` examples in a fixed
    random order do. Each validation and test example is given to a client that has learned from an example with the
    same label.
    """
    rng = run.rng("data")
    shuffled = np.random.default_rng(ORDER_SEED).permutation(len(labels))
    is_test = np.arange(len(labels)) < run.settings["test_items"] if test is None else test[shuffled]
    tested, rest = shuffled[is_test][: run.settings["test_items"]], shuffled[~is_test]
    validated, trained = rest[: run.settings["valid_items"]], rest[run.settings["valid_items"] :]
    owners = deal(labels[trained], rng)
    classes = int(labels.max()) + 1

    def held_out(rows: np.ndarray) -> _Split:
        return _Split(inputs[rows], labels[rows], draw_owners(labels[rows], labels[trained], owners, rng))

    train = group_by_client(inputs[trained], labels[trained], owners, classes)
    return _problem(train, held_out(validated), held_out(tested), run)


def _mnist_writers(run: Run) -> Problem:
    """The seed draws 90 % of the 500 training writers. 39 other writers are for validation and 297 for testing."""
    from harness.data.sets import mnist, qmnist_writers

    digits = [mnist.images(split) for split in ("train", "test")]
    writers = [qmnist_writers.writers(split) for split in ("train", "test")]
    training_writers = np.random.default_rng(ORDER_SEED).permutation(np.unique(writers[0]))
    candidates = training_writers[VALID_WRITERS:]
    drawn = run.rng("data").permutation(candidates)[: round(DRAWN_SHARE * len(candidates))]

    def written_by(chosen: np.ndarray, split: int) -> _Split:
        rows = np.flatnonzero(np.isin(writers[split], chosen))
        _, number = np.unique(writers[split][rows], return_inverse=True)
        return _Split(digits[split].images[rows][..., None], digits[split].labels[rows].astype(np.int64), number)

    train = group_by_client(*written_by(drawn, 0), classes=10)
    valid, test = written_by(training_writers[:VALID_WRITERS], 0), written_by(np.unique(writers[1]), 1)
    return _problem(train, valid, test, run)


def _shakespeare(run: Run) -> Problem:
    """The seed draws 90 % of the roles to learn from. All roles are tested, each on the beginning of its last
    speeches."""
    from harness.data.catalogue import catalogue

    settings = run.settings
    built = run.artefact(roles.Roles(content=catalogue()["shakespeare"].content, length=settings["length"]))
    inputs, labels = roles.inputs_and_labels(built["tokens"])
    role, split, classes = built["role"], built["split"], int(built["vocabulary"])
    number = int(role.max()) + 1
    drawn = np.isin(role, run.rng("data").permutation(number)[: round(DRAWN_SHARE * number)])

    def sequences(which: int, most: int, among: np.ndarray | bool = True) -> _Split:
        rows = _first_rows((split == which) & among, role, most)
        return _Split(inputs[rows], labels[rows], role[rows])

    train_inputs, train_labels, owner = sequences(roles.TRAIN, settings["most_items"], drawn)
    _, owner = np.unique(owner, return_inverse=True)
    train = group_by_client(train_inputs, train_labels, owner, classes)
    valid, test = sequences(roles.VALID, settings["valid_items"]), sequences(roles.TEST, settings["test_items"])
    return _problem(train, valid, test, run)


def _first_rows(among: np.ndarray, owners: np.ndarray, most: int) -> np.ndarray:
    """I64[k]: of the rows for which `among` Bool[n] is true, the first ones of each owner, at most `most`. The owners
    [n] are in order."""
    rows = np.flatnonzero(among)
    _, starts = np.unique(owners[rows], return_index=True)
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff([*starts, len(rows)]))
    return rows[rank < most]


def _problem(train: Clients, valid: _Split, test: _Split, run: Run) -> Problem:
    """Adds the chance accuracy, which is the share of a split's most frequent label."""
    held_out = Examples(*valid, train.classes), Examples(*test, train.classes, run.settings["target"])
    arrays = {
        f"{name}.{part}{piece}": array
        for name, split in zip(("train", "valid", "test"), (train, *held_out), strict=True)
        for part, value in vars(split).items()
        for piece, array in _arrays(value).items()
    }
    read_only(*arrays.values())
    valid_chance, chance = ({"accuracy": majority_share(split.labels[split.labels != UNCOUNTED])} for split in held_out)
    return Problem(train, *held_out, array_digest(arrays), chance, valid_chance)


def _arrays(value: Any) -> dict[str, np.ndarray]:
    if isinstance(value, np.ndarray):
        return {"": value}
    parts = ("data", "indices", "indptr") if isinstance(value, csr_array) else ()
    return {f".{part}": getattr(value, part) for part in parts}
