"""The problem of each case: labelled sequences in three splits, or queries, keys and values for the attention alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from harness.core.artefacts import Recipe
from harness.core.canonical import array_digest
from harness.core.task import Problem, majority_share, read_only
from harness.run import Run
from harness.tasks.long_range.problems import listops, pathfinder, pixels, text
from harness.tasks.long_range.problems.recall import Recall
from harness.tasks.long_range.problems.sequences import Sequences, Swap
from harness.tasks.long_range.scores.approximation import Estimation
from harness.tasks.long_range.scores.scaling import Scaling
from harness.tasks.long_range.training.original import original_weights

DRAWN_SHARE: Final = 0.9
"""The share of the training reviews and images that a seed draws to learn from."""
SWAPS: Final[Mapping[str, str]] = {
    "swap_recall": "recall",
    "swap_listops": "listops",
    "swap_text": "text",
    "swap_fashion": "fashion",
}
"""The case that the original of each swap has learned."""


def make(case: str, run: Run, version: int) -> Problem:
    """The problem of a case (`KeyError` if there is none), for the task's version."""
    return _MAKERS[case](_Request(case, run, version))


class _Request(NamedTuple):
    """The problem that is asked for."""

    case: str
    run: Run
    version: int

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.run.settings

    @property
    def sizes(self) -> dict[str, int]:
        """The number of items of each split."""
        return {split: self.settings[f"{split}_items"] for split in ("train", "valid", "test")}

    def artefact(self, recipe: Callable[..., Recipe], **options: Any) -> dict[str, np.ndarray]:
        """The artefact that a recipe builds for the seed, with as many items as all splits have together."""
        items = sum(self.sizes.values())
        return self.run.artefact(recipe(version=self.version, seed=self.run.seed("data"), items=items, **options))


class _Split(NamedTuple):
    tokens: np.ndarray
    labels: np.ndarray


def _recall(request: _Request) -> Problem:
    settings = request.settings
    recall = Recall(settings["length"], settings["keys"], settings["values"])
    drawn = recall.draw(sum(request.sizes.values()), request.run.rng("data"))
    return _problem(_cut_into_splits(_Split(*drawn), request.sizes), recall.vocabulary, recall.values)


def _listops(request: _Request) -> Problem:
    options = {name: request.settings[name] for name in ("shortest", "depth", "arguments")}
    built = request.artefact(listops.ListOps, longest=request.settings["length"], **options)
    drawn = _Split(built["tokens"], built["labels"])
    return _problem(_cut_into_splits(drawn, request.sizes), listops.VOCABULARY, listops.CLASSES)


def _pathfinder(request: _Request) -> Problem:
    options = {name: request.settings[name] for name in ("side", "dashes", "distractors")}
    built = request.artefact(pathfinder.Pathfinder, **options)
    drawn = _Split(pixels.tokenised(built["images"]), built["labels"])
    return _problem(_cut_into_splits(drawn, request.sizes), pixels.VOCABULARY, pathfinder.CLASSES)


def _text(request: _Request) -> Problem:
    """The seed draws 90 % of the training reviews; validation and test reviews are the same for all seeds."""
    sizes = request.sizes
    training, test = text.shuffled_reviews()
    rest = training[sizes["valid"] :]
    drawn = request.run.rng("data").permutation(len(rest))[: min(sizes["train"], round(DRAWN_SHARE * len(rest)))]
    chosen = {"valid": training[: sizes["valid"]], "test": test[: sizes["test"]], "train": [rest[i] for i in drawn]}
    splits = {name: _Split(*text.tokenised(texts, request.settings["length"])) for name, texts in chosen.items()}
    return _problem(splits, text.VOCABULARY, text.CLASSES)


def _pixels(request: _Request) -> Problem:
    """The seed draws 90 % of the training images; validation and test images are the same for all seeds."""
    sizes = request.sizes
    training, test = pixels.shuffled_pictures(request.case, request.settings["shrink"])
    rest = np.arange(sizes["valid"], len(training.labels))
    drawn = request.run.rng("data").permutation(rest)[: min(sizes["train"], round(DRAWN_SHARE * len(rest)))]
    chosen = {
        "train": training.select(drawn),
        "valid": training.select(np.arange(sizes["valid"])),
        "test": test.select(np.arange(min(sizes["test"], len(test.labels)))),
    }
    splits = {
        name: _Split(pixels.tokenised(images), labels.astype(np.int64)) for name, (images, labels) in chosen.items()
    }
    return _problem(splits, pixels.VOCABULARY, pixels.CLASSES)


def _swap(request: _Request) -> Problem:
    """Training continues from the original's weights, which are part of what the seed draws and are the same for every
    attention.

    The validation split is that of the original's case, so the curve shows the attention that is trained.
    """
    problem = make(SWAPS[request.case], request.run, request.version)
    weights = original_weights(problem.train, problem.produced, request.run)
    train, test = (Swap(sequences, weights) for sequences in (problem.train, problem.test))
    produced = array_digest({"problem": np.array(problem.produced), **weights})
    return replace(problem, train=train, test=test, produced=produced)


def _scaling(request: _Request) -> Problem:
    settings = request.settings
    lengths = settings["lengths"]
    q, k, v = request.run.rng("data").standard_normal(
        (3, settings["heads"], max(lengths), settings["dimension"]), np.float32
    )
    read_only(q, k, v)
    timed = Scaling(tuple(lengths), settings["repeats"], q, k, v)
    return Problem(None, None, timed, array_digest({"q": q, "k": k, "v": v}))


def _approximation(request: _Request) -> Problem:
    settings = request.settings
    q, k, v = request.run.rng("data").standard_normal((3, settings["length"], settings["dimension"]), np.float32)
    read_only(q, k, v)
    estimated = Estimation(tuple(settings["features"]), tuple(settings["scales"]), settings["draws"], q, k, v)
    return Problem(None, None, estimated, array_digest({"q": q, "k": k, "v": v}))


def _cut_into_splits(drawn: _Split, sizes: Mapping[str, int]) -> dict[str, _Split]:
    """The three splits of items that were drawn together."""
    ends = np.cumsum(list(sizes.values()))[:-1]
    parts = zip(np.split(drawn.tokens, ends), np.split(drawn.labels, ends), strict=True)
    return {split: _Split(*part) for split, part in zip(sizes, parts, strict=True)}


def _problem(splits: Mapping[str, _Split], vocabulary: int, classes: int) -> Problem:
    """Adds the chance accuracy, which is the share of a split's most frequent label."""
    sequences = {}
    for name, (tokens, labels) in splits.items():
        keep = tokens != 0
        read_only(tokens, keep, labels)
        sequences[name] = Sequences(tokens, keep, labels, vocabulary, classes)
    produced = array_digest({f"{name}.{part}": a for name, s in splits.items() for part, a in s._asdict().items()})
    return Problem(
        **sequences,
        produced=produced,
        chance={"accuracy": majority_share(sequences["test"].labels)},
        valid_chance={"accuracy": majority_share(sequences["valid"].labels)},
    )


_Maker: TypeAlias = Callable[[_Request], Problem]
_MAKERS: Final[Mapping[str, _Maker]] = {
    "recall": _recall,
    "listops": _listops,
    "pathfinder": _pathfinder,
    "text": _text,
    "scaling": _scaling,
    "approximation": _approximation,
    **dict.fromkeys(pixels.SETS, _pixels),
    **dict.fromkeys(SWAPS, _swap),
}
"""The function that makes the problem of each case."""
