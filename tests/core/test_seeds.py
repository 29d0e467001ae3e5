"""Streams depend on the task, the seed, the purpose and their name, and on nothing else."""

import itertools

import numpy as np
import torch

from harness.core.seeds import Streams, derive

STREAMS = ("data", "init", "order")


def test_derived_seeds_are_what_they_always_were() -> None:
    assert derive(task="word_similarity", seed=0, purpose="run", stream="data") == 2946878529849807832
    assert Streams("word_similarity", 0).seed("data") == 2946878529849807832


def test_seeds_are_below_two_to_the_63() -> None:
    seeds = [derive(seed=seed) for seed in range(2000)]
    assert min(seeds) >= 0
    assert 2**62 < max(seeds) < 2**63


def test_every_axis_gives_an_unrelated_seed() -> None:
    combinations = itertools.product(("a", "b"), (0, 1, 2), ("run", "measure"), STREAMS)
    seeds = [Streams(task, seed, purpose).seed(stream) for task, seed, purpose, stream in combinations]
    assert len(set(seeds)) == len(seeds)


def test_the_order_of_axes_is_irrelevant() -> None:
    assert derive(a=1, b="x") == derive(b="x", a=1)


def test_the_name_of_an_axis_counts() -> None:
    assert derive(a=1, b=2) != derive(a=2, b=1)


def test_a_stream_does_not_depend_on_what_was_drawn_before() -> None:
    quiet, busy = Streams("task", 0), Streams("task", 0)
    for stream in STREAMS[:2]:
        busy.rng(stream).random(1000)
        busy.torch_rng(stream)
    np.testing.assert_array_equal(quiet.rng("order").random(5), busy.rng("order").random(5))


def test_asking_again_continues_a_stream() -> None:
    streams, whole = Streams("task", 0), Streams("task", 0)
    parts = [streams.rng("data").random(3), streams.rng("data").random(4)]
    np.testing.assert_array_equal(np.concatenate(parts), whole.rng("data").random(7))


def test_asking_again_continues_a_torch_stream() -> None:
    streams, whole = Streams("task", 0), Streams("task", 0)
    parts = [torch.rand(4, generator=streams.torch_rng("data")) for _ in range(2)]
    assert torch.equal(torch.cat(parts), torch.rand(8, generator=whole.torch_rng("data")))


def test_fresh_streams_begin_at_the_beginning() -> None:
    streams = Streams("task", 0)
    first = streams.fresh("measure").rng("data").random(3)
    streams.rng("data").random(100)
    streams.fresh("measure").rng("data").random(100)
    np.testing.assert_array_equal(first, streams.fresh("measure").rng("data").random(3))


def test_fresh_streams_leave_the_old_ones_where_they_are() -> None:
    streams, whole = Streams("task", 0), Streams("task", 0)
    first = streams.rng("data").random(3)
    streams.fresh("measure").rng("data").random(3)
    np.testing.assert_array_equal(np.concatenate([first, streams.rng("data").random(3)]), whole.rng("data").random(6))


def test_another_purpose_has_other_streams() -> None:
    streams = Streams("task", 0)
    assert not np.array_equal(streams.rng("data").random(3), streams.fresh("measure").rng("data").random(3))


def test_global_generators_have_no_influence() -> None:
    draws = []
    for seed in (0, 1):
        np.random.seed(seed)
        draws.append(Streams("task", 0).rng("data").random(3))
    np.testing.assert_array_equal(*draws)
