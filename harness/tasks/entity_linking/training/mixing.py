"""Batches of examples of several kinds."""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.tasks.entity_linking.problems.mentions import I64


def mixed_rows(
    counts: Sequence[int], shares: Sequence[float], batch: int, rng: np.random.Generator
) -> Iterator[list[I64]]:
    """Endless batches of rows, I64 for each kind of examples, of which there are `counts`; a kind has its share of
    every batch. Every row of a kind is drawn once before any is drawn again."""
    present = np.array([share if count else 0.0 for count, share in zip(counts, shares, strict=True)])
    sizes = np.diff(np.round(np.cumsum(present) / present.sum() * batch), prepend=0).astype(int).tolist()
    streams = [_endless(count, rng) for count in counts]
    while True:
        yield [
            np.array([next(stream) for _ in range(size)], np.int64) for stream, size in zip(streams, sizes, strict=True)
        ]


def _endless(count: int, rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(count).tolist()
