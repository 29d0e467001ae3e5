"""How the problems of each case are made."""

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

KEPT: Final = 0.9
"""The share of the training reviews and images that a seed draws."""
SWAPS: Final[Mapping[str, str]] = {"swap_recall": "recall", "swap_listops": "listops", "swap_text": "text"}
"""What the original of each swap has learned."""


def make(case: str, run: Run, version: int) -> Problem:
    """The problem of a case (`KeyError` if there is none), for the task's version."""
    return _MAKERS[case](_Asked(case, run, version))


class _Asked(NamedTuple):
    """Which problem is asked for."""

    case: str
    run: Run
    version: int

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.run.settings

    @property
    def sizes(self) -> dict[str, int]:
        """How many items each split has."""
        return {split: self.settings[f"{split}_items"] for split in ("train", "valid", "test")}

    def artefact(self, recipe: Callable[..., Recipe], **options: Any) -> dict[str, np.ndarray]:
        """What a recipe builds for the seed, with as many items as all splits have."""
        items = sum(self.sizes.values())
        return self.run.artefact(recipe(version=self.version, seed=self.run.seed("data"), items=items, **options))


class _Split(NamedTuple):
    tokens: np.ndarray
    labels: np.ndarray


def _recall(asked: _Asked) -> Problem:
    settings = asked.settings
    game = Recall(settings["length"], settings["keys"], settings["values"])
    drawn = game.draw(sum(asked.sizes.values()), asked.run.rng("data"))
    return _problem(_cut(_Split(*drawn), asked.sizes), game.vocabulary, game.values)


def _listops(asked: _Asked) -> Problem:
    options = {name: asked.settings[name] for name in ("shortest", "depth", "arguments")}
    built = asked.artefact(listops.ListOps, longest=asked.settings["length"], **options)
    drawn = _Split(built["tokens"], built["labels"])
    return _problem(_cut(drawn, asked.sizes), listops.VOCABULARY, listops.CLASSES)


def _pathfinder(asked: _Asked) -> Problem:
    options = {name: asked.settings[name] for name in ("side", "dashes", "distractors")}
    built = asked.artefact(pathfinder.Pathfinder, **options)
    drawn = _Split(pixels.tokenised(built["images"]), built["labels"])
    return _problem(_cut(drawn, asked.sizes), pixels.VOCABULARY, pathfinder.CLASSES)


def _text(asked: _Asked) -> Problem:
    """The seed draws 90 % of the training reviews; validation and test reviews are the same for all seeds."""
    sizes = asked.sizes
    training, test = text.shuffled_reviews()
    rest = training[sizes["valid"] :]
    drawn = asked.run.rng("data").permutation(len(rest))[: min(sizes["train"], round(KEPT * len(rest)))]
    chosen = {"valid": training[: sizes["valid"]], "test": test[: sizes["test"]], "train": [rest[i] for i in drawn]}
    splits = {name: _Split(*text.tokenised(texts, asked.settings["length"])) for name, texts in chosen.items()}
    return _problem(splits, text.VOCABULARY, text.CLASSES)


def _pixels(asked: _Asked) -> Problem:
    """The seed draws 90 % of the training images; validation and test images are the same for all seeds."""
    sizes = asked.sizes
    training, test = pixels.shuffled_pictures(asked.case)
    rest = np.arange(sizes["valid"], len(training.labels))
    drawn = asked.run.rng("data").permutation(rest)[: min(sizes["train"], round(KEPT * len(rest)))]
    chosen = {
        "train": training.at(drawn),
        "valid": training.at(np.arange(sizes["valid"])),
        "test": test.at(np.arange(min(sizes["test"], len(test.labels)))),
    }
    splits = {
        name: _Split(pixels.tokenised(images), labels.astype(np.int64)) for name, (images, labels) in chosen.items()
    }
    return _problem(splits, pixels.VOCABULARY, pixels.CLASSES)


def _swap(asked: _Asked) -> Problem:
    """Training goes on from the original's weights, which count as drawn: they are the same for every attention. Its
    curve is of the attention that is trained."""
    problem = make(SWAPS[asked.case], asked.run, asked.version)
    weights = original_weights(problem.train, problem.produced, asked.run)
    train, test = (Swap(sequences, weights) for sequences in (problem.train, problem.test))
    produced = array_digest({"problem": np.array(problem.produced), **weights})
    return replace(problem, train=train, test=test, produced=produced)


def _scaling(asked: _Asked) -> Problem:
    settings = asked.settings
    lengths = settings["lengths"]
    q, k, v = asked.run.rng("data").standard_normal(
        (3, settings["heads"], max(lengths), settings["dimension"]), np.float32
    )
    read_only(q, k, v)
    timed = Scaling(tuple(lengths), settings["repeats"], q, k, v)
    return Problem(None, None, timed, array_digest({"q": q, "k": k, "v": v}))


def _approximation(asked: _Asked) -> Problem:
    settings = asked.settings
    q, k, v = asked.run.rng("data").standard_normal((3, settings["length"], settings["dimension"]), np.float32)
    read_only(q, k, v)
    estimated = Estimation(tuple(settings["features"]), tuple(settings["scales"]), settings["draws"], q, k, v)
    return Problem(None, None, estimated, array_digest({"q": q, "k": k, "v": v}))


def _cut(drawn: _Split, sizes: Mapping[str, int]) -> dict[str, _Split]:
    """The three splits of what was drawn at once."""
    ends = np.cumsum(list(sizes.values()))[:-1]
    parts = zip(np.split(drawn.tokens, ends), np.split(drawn.labels, ends), strict=True)
    return {split: _Split(*part) for split, part in zip(sizes, parts, strict=True)}


def _problem(splits: Mapping[str, _Split], vocabulary: int, classes: int) -> Problem:
    """Guessing is as often right as a split's most frequent label."""
    made = {}
    for name, (tokens, labels) in splits.items():
        keep = tokens != 0
        read_only(tokens, keep, labels)
        made[name] = Sequences(tokens, keep, labels, vocabulary, classes)
    produced = array_digest({f"{name}.{part}": a for name, s in splits.items() for part, a in s._asdict().items()})
    return Problem(
        **made,
        produced=produced,
        chance={"accuracy": majority_share(made["test"].labels)},
        valid_chance={"accuracy": majority_share(made["valid"].labels)},
    )


_Maker: TypeAlias = Callable[[_Asked], Problem]
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
"""What makes the problem of each case."""
