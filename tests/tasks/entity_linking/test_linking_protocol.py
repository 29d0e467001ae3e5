"""The protocol: oracles reach the ceiling, guessing reaches chance, and what cannot be scored is refused."""

import numpy as np
import pytest

from harness.core.card import read_card
from harness.core.errors import BadOutput
from harness.registry.headers import HARNESS
from harness.tasks.entity_linking import INVALID, NIL, Answer, EntityLinker
from harness.tasks.entity_linking.problems.growing import Catalogues
from harness.tasks.entity_linking.problems.mentions import Catalogue
from harness.tasks.entity_linking.task import EntityLinking

TASK = EntityLinking(read_card(HARNESS / "tasks" / "entity_linking" / "task.toml"))


class Fixed(EntityLinker):
    """Answers with a fixed ranking and with fixed links."""

    def fit(self, train, run):
        raise AssertionError("nothing is to be learned")

    def link(self, mentions, k):
        return self.ranked[:, :k]

    def mark(self, texts):
        return self.links

    def index_bytes(self, catalogue, run):
        return len(catalogue.names) ** 2


def scores_of(split, run, ranked=None, links=None):
    system = Fixed()
    system.ranked, system.links = ranked, links
    return {(score.metric, *score.at.values()): score for score in TASK.measure(system, split, run.for_measuring())}


@pytest.fixture(scope="module")
def problem(smoke):
    return TASK.problem("atlas", smoke())


def first(entities):
    ranked = np.full((len(entities), 10), NIL)
    ranked[:, 0] = entities
    return ranked


def test_an_oracle_reaches_every_ceiling(smoke, problem):
    scores = scores_of(problem.test, smoke(), first(problem.test.entities))
    for metric in ("accuracy", "f1", "recall@10"):
        assert scores[metric,].value == TASK.card.metrics[metric].ceiling == 1.0
    assert scores["part_accuracy", "seen"].value == scores["part_accuracy", "unseen"].value == 1.0
    assert scores["invalid",].value == 0.0
    count = len(problem.test.entities)
    assert scores["accuracy",].n_used == len(scores["accuracy",].items) == count
    assert scores["part_accuracy", "seen"].n_used + scores["part_accuracy", "unseen"].n_used == count


def test_guessing_among_the_candidates_scores_chance(smoke, problem):
    rng = np.random.default_rng(0)
    candidates = problem.test.mentions.candidates
    found = []
    for _ in range(40):
        drawn = [
            rng.choice(candidates.entities[a:b]) for a, b in zip(candidates.ends, candidates.ends[1:], strict=False)
        ]
        found.append(scores_of(problem.test, smoke(), first(drawn))["accuracy",].value)
    assert np.mean(found) == pytest.approx(problem.chance["accuracy"], abs=4 * np.std(found) / 40**0.5)


def test_f1_counts_answers_and_leaves_out_nil(smoke, problem):
    gold = problem.test.entities
    answers = np.where(np.arange(len(gold)) < 10, NIL, gold)
    answers[10:20] = INVALID
    scores = scores_of(problem.test, smoke(), first(answers))
    right = len(gold) - 20
    assert (scores["f1",].n_used, scores["f1",].n_expected) == (len(gold) - 10, len(gold))
    assert scores["f1",].value == pytest.approx(2 * right / (2 * len(gold) - 10))
    assert scores["accuracy",].value == pytest.approx(right / len(gold))
    assert scores["invalid",].value == pytest.approx(10 / len(gold))


def test_a_ranking_that_is_none_is_refused(smoke, problem):
    with pytest.raises(BadOutput, match="link returned"):
        scores_of(problem.test, smoke(), first(np.full(len(problem.test.entities), 10**6)))
    with pytest.raises(BadOutput, match="link returned shape"):
        scores_of(problem.test, smoke(), first(problem.test.entities[1:]))


def test_an_oracle_marks_all_links(smoke):
    run = smoke("atlas_marking")
    split = TASK.problem("atlas_marking", run).test
    scores = scores_of(split, run, links=split.links)
    assert scores["marking_f1",].value == scores["marking_precision",].value == scores["marking_recall",].value == 1.0
    fewer = type(split.links)(*(column[::2] for column in split.links))
    scores = scores_of(split, run, links=fewer)
    assert scores["marking_precision",].value == 1.0
    assert scores["marking_recall",].value == pytest.approx(0.5, abs=0.02)


def test_index_sizes_are_extrapolated_by_a_power_law(smoke):
    names = [f"n{i}" for i in range(100)]
    split = Catalogues([Catalogue.of(names[:10]), Catalogue.of(names)], extrapolate=1000)
    scores = scores_of(split, smoke())
    assert {at: score.value for (metric, at), score in scores.items() if metric == "index_bytes"} == {
        10: 100,
        100: 10_000,
    }
    assert scores["extrapolated_bytes", 1000].value == pytest.approx(10**6)


def test_the_time_of_a_mention_is_measured(smoke):
    run = smoke("speed")
    split = TASK.problem("speed", run).test
    scores = scores_of(split, run, first(split.linked.entities))
    assert 0 < scores["ms_per_mention",].value < 10


def test_seeds_draw_other_worlds_and_the_same_seed_the_same(smoke):
    digests = [TASK.problem("atlas", smoke(seed=seed)).produced for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


def test_what_was_written_can_be_read_by_people(smoke, problem):
    class Writing(Fixed):
        def written(self, mentions):
            gold, other = problem.test.entities[0], (problem.test.entities[0] + 1) % 60
            names = problem.test.catalogue.names
            first = [Answer(names[gold], -0.1, gold), Answer("a synonym", -0.25, other), Answer("zz", -3.0, INVALID)]
            return [first, *([] for _ in range(len(mentions) - 1))]

    run, system = smoke(), Writing()
    system.ranked = first(problem.test.entities)
    list(TASK.measure(system, problem.test, run))
    lines = run.kept["answers.txt"].decode().splitlines()
    names, gold = problem.test.catalogue.names, problem.test.entities[0]
    assert f"[[{problem.test.mentions.surfaces[0]}]]" in lines[0]
    assert lines[1:5] == [
        f"  is {names[gold]}",
        f"    -0.100 = {names[gold]}",
        f"    -0.250 x a synonym  ({names[(gold + 1) % 60]})",
        "    -3.000 ? zz  (no name)",
    ]
