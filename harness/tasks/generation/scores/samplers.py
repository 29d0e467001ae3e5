"""Samplers compared on one trained network, or on a score that is known."""

from collections.abc import Callable, Iterator

import numpy as np

from harness.core.errors import Diverged
from harness.core.task import Score, checked
from harness.run import Run
from harness.tasks.generation.interface import ImageGenerator, Samples
from harness.tasks.generation.models.process import check_samplers
from harness.tasks.generation.problems.mixture import Mixture
from harness.tasks.generation.problems.target import Target
from harness.tasks.generation.scores.features import Extractor, Features
from harness.tasks.generation.scores.frechet import frechet_distance, moments
from harness.tasks.generation.scores.quality import as_images

DIRECTIONS = 64
"""The number of random directions along which points are compared."""


def compared_samplers(
    system: ImageGenerator, target: Target, real: Features, extractor: Extractor, run: Run
) -> Iterator[Score]:
    """The distance by sampler and number of evaluations, absolute and relative to the distance of the first sampler
    with as many; and by tolerance of the solver, relative to the finest."""
    n, around = run.settings["compared_samples"], moments(real.features)

    def distance(name: str, samples: Samples) -> float:
        images = as_images(name, samples, n, target.real)
        return frechet_distance(moments(extractor.features(images).features), around)

    def by_sampler(sampler: str, evaluations: int) -> float:
        return distance("generate_by", system.generate_by(sampler, evaluations, n, run))

    yield from _by_sampler(system, by_sampler, ("sampler_ffd", "relative_ffd"), n, run)
    if "solver" in system.capabilities():
        tolerances = sorted(run.settings["tolerances"])
        solved = {tolerance: system.solver(tolerance, n, run) for tolerance in tolerances}
        distances = {tolerance: distance("solver", samples) for tolerance, samples in solved.items()}
        for tolerance, samples in solved.items():
            at, finest = {"tolerance": float(tolerance)}, tolerances[0]
            yield Score("solver_ffd", distances[tolerance], n, n, at)
            yield Score("solver_evaluations", samples.evaluations, n, n, at)
            yield Score("relative_solver_ffd", distances[tolerance] / distances[finest], n, n, at)
            yield Score("saved_evaluations", 1 - samples.evaluations / solved[finest].evaluations, n, n, at)


def exact_samplers(system: ImageGenerator, mixture: Mixture, run: Run) -> Iterator[Score]:
    """The distance of sampled points to drawn ones: by the entrant's own sampler; by sampler and number of evaluations,
    absolute and relative to that of the first sampler with as many; and the distance between two sets of drawn
    points."""
    n, rng = run.settings["samples"], run.rng("points")
    drawn, others = mixture.sample(n, rng), mixture.sample(n, rng)
    directions = rng.standard_normal((mixture.means.shape[1], DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)

    def distance(sampler: str, evaluations: int) -> float:
        points = system.solve(mixture, sampler, evaluations, n, run)
        points = checked("solve", points, (n, len(directions)), finite=False)
        if not np.isfinite(points).all():
            raise Diverged(f"sampler '{sampler}' gave points that are not finite")
        return sliced(points, drawn, directions)

    yield Score("wasserstein", distance("", run.settings["evaluations"]), n, n)
    yield from _by_sampler(system, distance, ("sampler_wasserstein", "relative_wasserstein"), n, run)
    yield Score("wasserstein_floor", sliced(others, drawn, directions), n, n)


def _by_sampler(
    system: ImageGenerator, distance: Callable[[str, int], float], metrics: tuple[str, str], n: int, run: Run
) -> Iterator[Score]:
    """The distance by sampler and number of evaluations, and its ratio to that of the first sampler."""
    absolute, relative = metrics
    samplers = check_samplers("samplers", system.samplers())
    for evaluations in run.settings["compared_evaluations"]:
        values = {sampler: distance(sampler, evaluations) for sampler in samplers}
        first = next(iter(values.values()))
        for sampler, value in values.items():
            at: dict[str, float | str] = {"sampler": sampler, "evaluations": float(evaluations)}
            yield Score(absolute, value, n, n, at)
            yield Score(relative, value / first, n, n, at)


def sliced(first: np.ndarray, second: np.ndarray, directions: np.ndarray) -> float:
    """The mean Wasserstein distance between points F[n d] and F[n d] along directions F[d k] (Bonneel et al., 2015)."""
    apart = np.sort(first @ directions, axis=0) - np.sort(second @ directions, axis=0)
    return float(np.abs(apart).mean())
