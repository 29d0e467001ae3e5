"""How the problems of each case are made."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from harness.canonical import array_digest
from harness.run import Run
from harness.task import Problem, read_only
from harness.tasks.long_range import listops, text
from harness.tasks.long_range.approximation import Estimation
from harness.tasks.long_range.interface import Sequences
from harness.tasks.long_range.recall import Recall
from harness.tasks.long_range.scaling import Scaling

KEPT: Final = 0.9
"""The share of the training reviews that a seed draws."""


def make(case: str, run: Run, version: int) -> Problem:
    """The problem of a case (`KeyError` if there is none), for the task's version."""
    if case == "recall":
        return _recall(run)
    if case == "listops":
        return _listops(run, version)
    if case == "text":
        return _text(run)
    return {"scaling": _scaling, "approximation": _approximation}[case](run)


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
