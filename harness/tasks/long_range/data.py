"""How the problems of each case are made."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from harness.canonical import array_digest
from harness.run import Run
from harness.task import Problem, read_only
from harness.tasks.long_range import listops, pathfinder, pixels, text
from harness.tasks.long_range.approximation import Estimation
from harness.tasks.long_range.recall import Recall
from harness.tasks.long_range.scaling import Scaling
from harness.tasks.long_range.sequences import Sequences, Swap
from harness.tasks.long_range.swap import original_weights

KEPT: Final = 0.9
"""The share of the training reviews and images that a seed draws."""
SWAPS: Final[Mapping[str, str]] = {"swap_recall": "recall", "swap_listops": "listops", "swap_text": "text"}
"""What the original of each swap has learned."""


def make(case: str, run: Run, version: int) -> Problem:
    """The problem of a case (`KeyError` if there is none), for the task's version."""
    if case in SWAPS:
        return _swap(make(SWAPS[case], run, version), run)
    if case in pixels.SETS:
        return _pixels(case, run)
    if case in ("listops", "pathfinder"):
        return {"listops": _listops, "pathfinder": _pathfinder}[case](run, version)
    return {"recall": _recall, "text": _text, "scaling": _scaling, "approximation": _approximation}[case](run)


class _Split(NamedTuple):
    tokens: np.ndarray
    labels: np.ndarray


def _recall(run: Run) -> Problem:
    settings = run.settings
    game = Recall(settings["length"], settings["keys"], settings["values"])
    drawn = game.draw(sum(_sizes(settings).values()), run.rng("data"))
    return _problem(_cut(_Split(*drawn), settings), game.vocabulary, game.values)


def _listops(run: Run, version: int) -> Problem:
    settings = run.settings
    recipe = listops.ListOps(
        version=version,
        seed=run.seed("data"),
        items=sum(_sizes(settings).values()),
        shortest=settings["shortest"],
        longest=settings["length"],
        depth=settings["depth"],
        arguments=settings["arguments"],
    )
    built = run.artefact(recipe)
    return _problem(_cut(_Split(built["tokens"], built["labels"]), settings), listops.VOCABULARY, listops.CLASSES)


def _text(run: Run) -> Problem:
    """The seed draws 90 % of the training reviews; validation and test reviews are the same for all seeds."""
    settings = run.settings
    sizes = _sizes(settings)
    training, test = text.shuffled_reviews()
    rest = training[sizes["valid"] :]
    drawn = run.rng("data").permutation(len(rest))[: min(sizes["train"], round(KEPT * len(rest)))]
    chosen = {"valid": training[: sizes["valid"]], "test": test[: sizes["test"]], "train": [rest[i] for i in drawn]}
    splits = {name: _Split(*text.tokenised(texts, settings["length"])) for name, texts in chosen.items()}
    return _problem(splits, text.VOCABULARY, text.CLASSES)


def _pixels(case: str, run: Run) -> Problem:
    """The seed draws 90 % of the training images; validation and test images are the same for all seeds."""
    sizes = _sizes(run.settings)
    training, test = pixels.shuffled_pictures(case)
    rest = np.arange(sizes["valid"], len(training.labels))
    drawn = run.rng("data").permutation(rest)[: min(sizes["train"], round(KEPT * len(rest)))]
    chosen = {
        "train": training.at(drawn),
        "valid": training.at(np.arange(sizes["valid"])),
        "test": test.at(np.arange(min(sizes["test"], len(test.labels)))),
    }
    splits = {
        name: _Split(pixels.tokenised(images), labels.astype(np.int64)) for name, (images, labels) in chosen.items()
    }
    return _problem(splits, pixels.VOCABULARY, pixels.CLASSES)


def _pathfinder(run: Run, version: int) -> Problem:
    settings = run.settings
    recipe = pathfinder.Pathfinder(
        version=version,
        seed=run.seed("data"),
        items=sum(_sizes(settings).values()),
        side=settings["side"],
        dashes=settings["dashes"],
        distractors=settings["distractors"],
    )
    built = run.artefact(recipe)
    drawn = _Split(pixels.tokenised(built["images"]), built["labels"])
    return _problem(_cut(drawn, settings), pixels.VOCABULARY, pathfinder.CLASSES)


def _swap(problem: Problem, run: Run) -> Problem:
    """Training goes on from the original's weights, which count as drawn: they are the same for every attention. Its
    curve is of the attention that is trained."""
    weights = original_weights(problem.train, problem.produced, run)
    train, test = (Swap(sequences, weights) for sequences in (problem.train, problem.test))
    produced = array_digest({"problem": np.array(problem.produced), **weights})
    return replace(problem, train=train, test=test, produced=produced)


def _scaling(run: Run) -> Problem:
    settings = run.settings
    lengths = settings["lengths"]
    q, k, v = run.rng("data").standard_normal((3, settings["heads"], max(lengths), settings["dimension"]), np.float32)
    read_only(q, k, v)
    timed = Scaling(tuple(lengths), settings["repeats"], q, k, v)
    return Problem(None, None, timed, array_digest({"q": q, "k": k, "v": v}))


def _approximation(run: Run) -> Problem:
    settings = run.settings
    q, k, v = run.rng("data").standard_normal((3, settings["length"], settings["dimension"]), np.float32)
    read_only(q, k, v)
    estimated = Estimation(tuple(settings["features"]), tuple(settings["scales"]), settings["draws"], q, k, v)
    return Problem(None, None, estimated, array_digest({"q": q, "k": k, "v": v}))


def _sizes(settings: Mapping[str, Any]) -> dict[str, int]:
    return {split: settings[f"{split}_items"] for split in ("train", "valid", "test")}


def _cut(drawn: _Split, settings: Mapping[str, Any]) -> dict[str, _Split]:
    """The three splits of what was drawn at once."""
    sizes = _sizes(settings)
    ends = np.cumsum(list(sizes.values()))[:-1]
    parts = zip(np.split(drawn.tokens, ends), np.split(drawn.labels, ends), strict=True)
    return {split: _Split(*part) for split, part in zip(sizes, parts, strict=True)}


def _problem(splits: Mapping[str, _Split], vocabulary: int, classes: int) -> Problem:
    """Every label is as often right by chance as the test split's most frequent one."""
    made = {}
    for name, (tokens, labels) in splits.items():
        keep = tokens != 0
        read_only(tokens, keep, labels)
        made[name] = Sequences(tokens, keep, labels, vocabulary, classes)
    produced = array_digest({f"{name}.{part}": a for name, s in splits.items() for part, a in s._asdict().items()})
    majority = float(np.bincount(made["test"].labels).max() / len(made["test"].labels))
    return Problem(made["train"], made["valid"], made["test"], produced, {"accuracy": majority})
