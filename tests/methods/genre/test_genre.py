"""GENRE and its ablations: what they write, what they may write, and that the generator learns."""

import numpy as np
import pytest
import torch

from harness.core.artefacts import Cache
from harness.core.card import read_card
from harness.core.seeds import Streams
from harness.core.spec import Budget
from harness.registry.headers import HARNESS
from harness.run import Run
from harness.tasks.entity_linking import INVALID, NIL, Candidates, Catalogue, Mentions, TrainingSet
from harness.tasks.entity_linking.task import EntityLinking
from methods.genre.ablations import NoCandidates, NumericIds, PermutedNames, Unconstrained
from methods.genre.genre import Genre

TASK = EntityLinking(read_card(HARNESS / "tasks" / "entity_linking" / "task.toml"))
CATALOGUE = Catalogue.of(["gout", "flu", "lung cancer", "cancer", "gout"], [(1, "influenza"), (2, "tumour of lung")])


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    cache = Cache(tmp_path_factory.mktemp("artefacts"))
    resolved = TASK.card.resolve("smoke", "atlas")

    def handle(examples=320, **settings):
        return Run(
            settings={**resolved.settings, **settings},
            budget=Budget("examples", examples),
            streams=Streams("entity_linking", 0),
            cache=cache,
        )

    return handle


@pytest.fixture(scope="module")
def problem(smoke):
    return TASK.problem("atlas", smoke())


@pytest.fixture(scope="module")
def genre(smoke, problem):
    return fitted(Genre(), problem.train, smoke())


def fitted(linker, train, run):
    linker.fit(train, run)
    return linker


def weights(linker):
    return torch.cat([weight.flatten() for weight in linker._model.parameters()])


@pytest.mark.parametrize("ablation", [NoCandidates, Unconstrained])
def test_what_may_be_written_changes_no_weight(smoke, problem, genre, ablation):
    assert torch.equal(weights(genre), weights(fitted(ablation(), problem.train, smoke())))


def test_candidates_and_catalogue_are_kept_to(smoke, problem, genre):
    mentions = problem.test.mentions
    ranked = genre.link(mentions, 10)
    for row, (a, b) in zip(
        ranked, zip(mentions.candidates.ends, mentions.candidates.ends[1:], strict=False), strict=True
    ):
        assert set(row[row != NIL].tolist()) == set(mentions.candidates.entities[a:b].tolist())
    everything = fitted(NoCandidates(), problem.train, smoke()).link(mentions, 10)
    assert (everything >= 0).all()


def test_without_a_trie_some_answers_are_no_names(smoke, problem):
    ranked = fitted(Unconstrained(), problem.train, smoke()).link(problem.test.mentions, 10)
    assert (ranked == INVALID).any()


def test_an_empty_candidate_set_is_answered_with_nil(problem, genre):
    mentions = problem.test.mentions.take(np.arange(3))
    ends = np.array([0, 0, 2, 2])
    chosen = Candidates(ends, mentions.candidates.entities[:2])
    ranked = genre.link(mentions.with_candidates(chosen), 10)
    assert (ranked[[0, 2]] == NIL).all()
    assert set(ranked[1, :2].tolist()) == set(chosen.entities.tolist())
    nobody = Candidates(np.zeros(4, np.int64), np.zeros(0, np.int64))
    assert (genre.link(mentions.with_candidates(nobody), 10) == NIL).all()


def test_no_mentions_are_linked_to_nothing(problem, genre):
    assert genre.link(problem.test.mentions.take(np.zeros(0, np.int64)), 10).shape == (0, 10)


def test_the_order_of_candidates_changes_no_prediction(problem, genre):
    mentions, rng = problem.test.mentions, np.random.default_rng(0)
    sets = mentions.candidates
    shuffled = [rng.permutation(sets.entities[a:b]) for a, b in zip(sets.ends, sets.ends[1:], strict=False)]
    turned = mentions.with_candidates(Candidates(sets.ends, np.concatenate(shuffled)))
    assert np.array_equal(genre.link(mentions, 10), genre.link(turned, 10))


def test_mentions_are_linked_alike_in_any_batch(problem, genre):
    mentions = problem.test.mentions
    together = genre.generate(mentions.take(np.arange(20))).beams
    for row in range(20):
        alone = genre.generate(mentions.take(np.array([row]))).beams
        np.testing.assert_allclose(together.score[together.text == row], alone.score, atol=1e-5)


def test_a_shared_name_stands_for_the_entity_that_has_it_first(smoke):
    text = "gout flu"
    train = TrainingSet(
        CATALOGUE, Mentions([text], np.array([0, 0]), np.array([0, 5]), np.array([4, 8])), np.array([0, 1])
    )
    linker = fitted(NoCandidates(batch=4), train, smoke(examples=40))
    ranked = linker.link(train.mentions, 10)
    assert set(ranked[0].tolist()) == {0, 1, 2, 3, NIL}
    both = Candidates(np.array([0, 2, 3]), np.array([4, 0, 4]))
    ranked = fitted(Genre(batch=4), train, smoke(examples=40)).link(train.mentions.with_candidates(both), 10)
    assert ranked[0].tolist() == [0, *[NIL] * 9]
    assert ranked[1].tolist() == [4, *[NIL] * 9]


def test_numeric_ids_are_distinct_numbers_of_one_length():
    ids = NumericIds().names(CATALOGUE, np.random.default_rng(0))
    assert ids.entities == CATALOGUE.entities == len(set(ids.names))
    assert all(name.isdigit() for name in ids.names)
    assert len({len(name) for name in ids.names}) == 1


def test_permuted_names_are_the_names_of_others():
    catalogue = Catalogue.of([f"entity {i}" for i in range(50)], [(i, f"other {i}") for i in range(0, 50, 2)])
    permuted = PermutedNames().names(catalogue, np.random.default_rng(0))
    assert sorted(permuted.names) == sorted(catalogue.names)
    assert (np.bincount(permuted.owners) == np.bincount(catalogue.owners)).sum() < 50
    before = dict(zip(catalogue.names, catalogue.owners.tolist(), strict=True))
    moved = [(before[name], owner) for name, owner in zip(permuted.names, permuted.owners.tolist(), strict=True)]
    assert len(set(moved)) == 50  # all names of an entity go to the same other entity
    assert sum(old == new for old, new in set(moved)) < 10


def test_genre_learns_to_write_names(smoke):
    run = smoke(examples=4800, width=64)
    problem = TASK.problem("atlas", run)
    linker = fitted(NoCandidates(), problem.train, run)
    accuracy = (linker.link(problem.test.mentions, 1)[:, 0] == problem.test.entities).mean()
    assert accuracy > 0.3
    assert run.curve[-1]["loss"] < run.curve[0]["loss"] / 2


def test_the_trie_is_a_small_part_of_the_vectors(smoke):
    catalogue = Catalogue.of([f"{a} {b}" for a in "abcdefgh" for b in range(200)])
    size = Genre().index_bytes(catalogue, smoke())
    assert len(catalogue.names) * 10 < size < len(catalogue.names) * 60


def test_published_numbers_and_claims_can_be_read():
    import tomllib

    paper = tomllib.loads((HARNESS.parent / "methods" / "genre" / "paper.toml").read_text())
    assert {claim["task"] for claim in paper["claim"]} == {"entity_linking"}
    assert {row["metric"] for row in paper["published"]} <= TASK.card.metrics.keys()
