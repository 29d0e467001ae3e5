"""How the problems of each case are made."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from harness.core.canonical import array_digest
from harness.core.task import Problem, majority_share, read_only
from harness.run import Run
from harness.tasks.federated.problems import roles
from harness.tasks.federated.problems.bags import NewsgroupBags, coarse, frequencies
from harness.tasks.federated.problems.clients import UNCOUNTED, Clients, Examples, Inputs, by_client
from harness.tasks.federated.problems.partition import dirichlet, matching, pachinko

KEPT: Final = 0.9
"""The share of the writers and roles that a seed draws."""
VALID_WRITERS: Final = 39
"""Of the 539 training writers; 500 are left."""
ORDER: Final = 2021
"""The seed of the orders that are the same for every seed: validation and test sets are their beginnings."""

Deal = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""(labels I64[n], rng) -> the client of each example, I64[n]."""


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
    return _dealt(inputs, labels.astype(np.int64), run, _by_dirichlet(run))


def _cifar10(run: Run) -> Problem:
    from harness.data.sets import cifar10

    train, test = cifar10.images("train"), cifar10.images("test")
    inputs = np.concatenate([train.images, test.images])
    labels = np.concatenate([train.labels, test.labels]).astype(np.int64)
    return _dealt(inputs, labels, run, _by_dirichlet(run), np.arange(len(labels)) >= len(train.labels))


def _atlas(run: Run) -> Problem:
    """The seed draws the articles too."""
    from harness.data.atlas import Atlas, AtlasOptions

    names = ("words", "topics", "distractors", "length")
    bags = Atlas(AtlasOptions(**{name: run.settings[name] for name in names}), run.rng("data")).bags()
    inputs = frequencies(csr_array(bags.counts.astype(np.float32)))
    return _dealt(inputs, bags.topic, run, _by_dirichlet(run))


def _newsgroups(run: Run) -> Problem:
    """Training posts are dealt by Pachinko allocation on the hierarchy of the groups' names."""
    from harness.data.catalogue import catalogue

    content, words = catalogue()["newsgroups20"].content, run.settings["words"]
    built = run.artefact(NewsgroupBags(content=content, vocabulary=words))
    shape = (len(built["topic"]), words)
    inputs = frequencies(csr_array((built["data"], built["indices"], built["indptr"]), shape=shape))

    def deal(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        settings = run.settings
        return pachinko(labels, coarse(built["groups"]), settings["clients"], tuple(settings["alphas"]), rng)

    return _dealt(inputs, built["topic"], run, deal, built["test"])


def _by_dirichlet(run: Run) -> Deal:
    return lambda labels, rng: dirichlet(labels, run.settings["clients"], run.settings["alphas"][0], rng)


def _dealt(inputs: Inputs, labels: np.ndarray, run: Run, deal: Deal, test: np.ndarray | None = None) -> Problem:
    """Validation and test examples are the same for all seeds; the seed deals the others to clients.

    `test` Bool[n] says which are from the test set; by default they are drawn. Test and validation examples belong to
    the clients who have learned from others with their labels.
    """
    rng = run.rng("data")
    shuffled = np.random.default_rng(ORDER).permutation(len(labels))
    held = np.arange(len(labels)) < run.settings["test_items"] if test is None else test[shuffled]
    tested, rest = shuffled[held][: run.settings["test_items"]], shuffled[~held]
    validated, trained = rest[: run.settings["valid_items"]], rest[run.settings["valid_items"] :]
    owners = deal(labels[trained], rng)
    classes = int(labels.max()) + 1

    def held_out(rows: np.ndarray) -> _Split:
        return _Split(inputs[rows], labels[rows], matching(labels[rows], labels[trained], owners, rng))

    train = by_client(inputs[trained], labels[trained], owners, classes)
    return _problem(train, held_out(validated), held_out(tested), run)


def _mnist_writers(run: Run) -> Problem:
    """The seed draws 90 % of 500 training writers. 39 others are there for validation, 297 for testing."""
    from harness.data.sets import mnist, qmnist_writers

    digits = [mnist.images(split) for split in ("train", "test")]
    writers = [qmnist_writers.writers(split) for split in ("train", "test")]
    people = np.random.default_rng(ORDER).permutation(np.unique(writers[0]))
    drawn = run.rng("data").permutation(people[VALID_WRITERS:])[: round(KEPT * len(people[VALID_WRITERS:]))]

    def of(split: int, chosen: np.ndarray) -> _Split:
        rows = np.flatnonzero(np.isin(writers[split], chosen))
        _, number = np.unique(writers[split][rows], return_inverse=True)
        return _Split(digits[split].images[rows][..., None], digits[split].labels[rows].astype(np.int64), number)

    train = by_client(*of(0, drawn), classes=10)
    return _problem(train, of(0, people[:VALID_WRITERS]), of(1, np.unique(writers[1])), run)


def _shakespeare(run: Run) -> Problem:
    """The seed draws 90 % of the roles to learn from; all roles are tested, each on the beginning of its last
    speeches."""
    from harness.data.catalogue import catalogue

    settings = run.settings
    built = run.artefact(roles.Roles(content=catalogue()["shakespeare"].content, length=settings["length"]))
    inputs, labels = roles.given_and_next(built["tokens"])
    role, split, classes = built["role"], built["split"], int(built["vocabulary"])
    number = int(role.max()) + 1
    drawn = np.isin(role, run.rng("data").permutation(number)[: round(KEPT * number)])

    def of(which: int, most: int, among: np.ndarray | bool = True) -> _Split:
        rows = _first((split == which) & among, role, most)
        return _Split(inputs[rows], labels[rows], role[rows])

    given, following, owner = of(roles.TRAIN, settings["most_items"], drawn)
    _, owner = np.unique(owner, return_inverse=True)
    train = by_client(given, following, owner, classes)
    return _problem(train, of(roles.VALID, settings["valid_items"]), of(roles.TEST, settings["test_items"]), run)


def _first(there: np.ndarray, owners: np.ndarray, most: int) -> np.ndarray:
    """The first rows of each owner (`owners` [n] are in order), at most so many, among those that are `there`."""
    rows = np.flatnonzero(there)
    _, starts = np.unique(owners[rows], return_index=True)
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff([*starts, len(rows)]))
    return rows[rank < most]


def _problem(train: Clients, valid: _Split, test: _Split, run: Run) -> Problem:
    """Guessing is as often right as a split's most frequent label."""
    held = Examples(*valid, train.classes), Examples(*test, train.classes, run.settings["target"])
    arrays = {
        f"{name}.{part}{piece}": array
        for name, split in zip(("train", "valid", "test"), (train, *held), strict=True)
        for part, value in vars(split).items()
        for piece, array in _arrays(value).items()
    }
    read_only(*arrays.values())
    valid_chance, chance = ({"accuracy": majority_share(split.labels[split.labels != UNCOUNTED])} for split in held)
    return Problem(train, *held, array_digest(arrays), chance, valid_chance)


def _arrays(value: Any) -> dict[str, np.ndarray]:
    if isinstance(value, np.ndarray):
        return {"": value}
    parts = ("data", "indices", "indptr") if isinstance(value, csr_array) else ()
    return {f".{part}": getattr(value, part) for part in parts}
