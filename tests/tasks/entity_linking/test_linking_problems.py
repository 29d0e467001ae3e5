"""The problems: catalogues and mentions that are refused, the places of generated mentions, and real data's anchors."""

import numpy as np
import pytest

from baselines.entity_linking.alias_prior import AliasPrior
from baselines.entity_linking.exact_name import ExactName
from harness.core.errors import UserError
from harness.tasks.entity_linking import NIL, Catalogue, Mentions, TrainingSet
from harness.tasks.entity_linking.data import collect
from harness.tasks.entity_linking.models.candidates import with_candidates
from harness.tasks.entity_linking.problems.annotated import (
    BENCHMARKS,
    diseases,
    first_identifier,
    wikipedia_benchmarks,
    wikipedia_titles,
)
from harness.tasks.entity_linking.problems.growing import growing
from harness.tasks.entity_linking.problems.mentions import Candidates, Linked
from harness.tasks.entity_linking.problems.tokens import Mark, Reader, Tokens
from linking import TASK


def mentions_of(text, *spans):
    table = np.array(spans, np.int64).reshape(len(spans), 2)
    return Mentions([text], np.zeros(len(spans), np.int64), table[:, 0], table[:, 1])


def test_an_empty_name_is_refused():
    for catalogue in (["gout", ""], ["gout", "  "]):
        with pytest.raises(UserError, match="entity 1 of the catalogue has an empty name"):
            Catalogue.of(catalogue)
    with pytest.raises(UserError, match="entity 0"):
        Catalogue.of(["gout"], [(0, "")])


def test_two_entities_of_one_name_are_both_kept():
    catalogue = Catalogue.of(["gout", "flu", "gout"], [(2, "podagra"), (2, "podagra")])
    assert list(catalogue.names) == ["gout", "flu", "gout", "podagra"]
    assert catalogue.owners.tolist() == [0, 1, 2, 2]
    entry, rows = catalogue.names_of(np.array([2, 0]))
    assert (entry.tolist(), rows.tolist()) == ([0, 0, 1], [2, 3, 0])
    assert list(catalogue.preferred().names) == ["gout", "flu", "gout"]


@pytest.mark.parametrize("span", [(3, 3), (4, 2), (-1, 2), (0, 10), (9, 12)])
def test_a_mention_outside_its_text_is_refused(span):
    with pytest.raises(UserError, match=r"mention 1 spans characters .* of text 0, which has 9"):
        mentions_of("some gout", (0, 4), span)


def test_contexts_are_whole_words_around_the_mention():
    mentions = mentions_of("one two gout, three four five", (8, 12), (0, 3))
    assert mentions.surfaces == ["gout", "one"]
    assert mentions.contexts(2) == [("one two", ", three"), ("", "two gout,")]
    assert mentions.contexts(0) == [("", ""), ("", "")]


def test_candidates_are_taken_with_their_mentions():
    candidates = Candidates(np.array([0, 2, 2, 3]), np.array([5, 7, 9]))
    taken = candidates.take(np.array([2, 0, 1, 2]))
    assert taken.ends.tolist() == [0, 1, 3, 3, 4]
    assert taken.entities.tolist() == [9, 5, 7, 9]
    assert taken.mentions.tolist() == [0, 1, 1, 3]


def test_candidates_come_from_training_mentions_and_from_similar_names(smoke):
    catalogue = Catalogue.of(["breast cancer", "cancer of lung", "influenza", "gout"])
    train = TrainingSet(catalogue, mentions_of("the flu", (4, 7)), np.array([3]))
    mentions = mentions_of("Flu, cancers, zzz", (0, 3), (5, 12), (14, 17))
    candidates = with_candidates(mentions, train, 2, smoke()).candidates
    assert candidates.take(np.array([0])).entities.tolist() == [2, 3]
    assert candidates.take(np.array([1])).entities.tolist() == [0, 1]
    assert candidates.take(np.array([2])).entities.tolist() == []


def test_parts_of_a_split():
    train = TrainingSet(Catalogue.of(["gout", "flu"]), mentions_of("a flu", (2, 5)), np.array([1]))
    split = Linked.of(train, mentions_of("FLU gout grippe", (0, 3), (4, 8), (9, 15)), np.array([1, 0, 1]))
    assert {name: mask.tolist() for name, mask in split.parts.items()} == {
        "seen": [True, False, True],
        "unseen": [False, True, False],
        "new": [False, False, True],
    }


@pytest.fixture(scope="module")
def reader():
    stored = Tokens(digest="", vocabulary=300, texts=["gout and flu"]).build()["tokenizer"]
    return Reader.restore(stored, 3, 16, 6)


def test_a_mention_is_read_first_and_its_context_after_it(reader):
    (row,) = reader.contexts(mentions_of("it is gout , oh", (6, 10))).tolist()
    mention, place = row.index(Mark.MENTION_END), row.index(Mark.PLACE)
    assert row[0] == Mark.MENTION
    assert reader.text(row[:mention]) == "gout"
    assert reader.text(row[mention:place]) == "it is"
    assert reader.text(row[place:]).startswith(", oh"[:4])


def test_a_document_longer_than_the_model_is_cut_around_the_mention(reader):
    text = "a " * 500 + "gout" + " b" * 500
    (row,) = reader.contexts(mentions_of(text, (1000, 1004))).tolist()
    assert len(row) == 16
    assert reader.text(row[: row.index(Mark.MENTION_END)]) == "gout"
    (row,) = reader.contexts(mentions_of("x" * 100, (0, 100))).tolist()
    assert len(row) == 16
    assert Mark.END in reader.names(["x" * 100])[0]


def test_no_text_is_read_as_a_mark(reader):
    for text in ("<pad>", "[END_ENT]", "{ } [ ]", "\x00\x01", "[MASK]"):
        assert min(token for tokens in reader.pieces([text]) for token in tokens) > max(Mark)
        assert reader.text(reader.pieces([text])[0]) == text.lower().strip()


def test_learning_the_tokenizer_is_reproducible():
    texts = [f"name {i} of thing {i % 7}" for i in range(300)]
    built = [Tokens(digest="", vocabulary=400, texts=texts).build()["tokenizer"] for _ in range(2)]
    assert np.array_equal(*built)


def test_generated_mentions_are_surnames_in_their_places(smoke):
    problem = collect("atlas", smoke())
    for part in (problem.train.mentions, problem.valid.mentions, problem.test.mentions):
        assert all(" " not in surface for surface in part.surfaces)
    names = problem.train.catalogue.names
    surnames = [names[entity].split()[0] for entity in problem.test.entities]
    assert surnames == problem.test.mentions.surfaces
    assert not np.isin(problem.test.entities[problem.test.parts["unseen"]], problem.train.entities).any()
    assert problem.test.parts["unseen"].any()


def test_generated_sentences_have_their_links_and_hide_unseen_entities(smoke):
    run = smoke("atlas_marking")
    problem = collect("atlas_marking", run)
    links, names = problem.test.links, problem.test.catalogue.names
    for document, start, stop, entity in zip(*links, strict=True):
        assert problem.test.texts[document][start:stop] == names[entity].split()[0]
    surnames = {name.split()[0] for name in names}
    for text, spans in ((text, links.document == i) for i, text in enumerate(problem.test.texts)):
        assert sum(word in surnames for word in text.split()) == spans.sum()
    seen = set(problem.train.entities.tolist())
    assert set(links.entity.tolist()) - seen
    marked = np.bincount(problem.train.mentions.document, minlength=len(problem.train.mentions.texts))
    for text, count in zip(problem.train.mentions.texts, marked, strict=True):
        assert sum(word in surnames for word in text.split()) == count


def test_questions_are_mentions_from_end_to_end(smoke):
    problem = collect("atlas_titles", smoke("atlas_titles"))
    assert problem.test.mentions.candidates is None
    assert problem.test.mentions.surfaces == [problem.test.mentions.texts[i] for i in problem.test.mentions.document]
    for surface, entity in zip(problem.test.mentions.surfaces, problem.test.entities, strict=True):
        assert problem.test.catalogue.names[entity].split()[0] in surface.split()


def test_growing_catalogues_contain_each_other_and_repeat_no_name():
    small, large = growing([50, 3000], np.random.default_rng(0))
    assert list(large.names[:50]) == list(small.names)
    assert len(set(large.names)) == len(large.names) == 3000


@pytest.mark.parametrize(("written", "first"), [("D1|D2", "D1"), ("MESH:D1+D2", "D1"), ("OMIM:217000", "217000")])
def test_of_a_composite_identifier_the_first_counts(written, first):
    assert first_identifier(written) == first


def test_known_and_unknown_diseases(mirror):
    _, data = diseases()
    lacking = {split: int((data.entities[data.source == split] == NIL).sum()) for split in ("train", "valid", "test")}
    assert lacking == {"train": 51, "valid": 65, "test": 136}
    assert len(data.entities) == 19_742


def test_the_anchors_of_alias_prior_and_exact_name(mirror, smoke):
    """On the pooled test splits, from all training and validation mentions."""
    catalogue, data = diseases()
    known = data.entities != NIL

    def of(*splits):
        return data.take(np.flatnonzero(known & np.isin(data.source, splits)))

    learned, asked = of("train", "valid"), of("test")
    linker = AliasPrior()
    run = smoke(tier="small", case="diseases")
    linker.fit(TrainingSet(catalogue, learned.mentions, learned.entities), run)
    accuracy = (linker.link(asked.mentions, 1)[:, 0] == asked.entities).mean()
    assert accuracy == pytest.approx(0.797, abs=0.01)


def test_the_anchors_on_ncbi(mirror, smoke):
    """On the validation mentions that are not composite: a name of several diseases counts if the right one is among
    them; and the prior without any names."""
    from harness.data.sets import pubtator

    catalogue, data = diseases()
    ncbi = [m for d in pubtator.documents("ncbi-disease") for m in d.mentions]
    composite = np.zeros(len(data.entities), np.bool_)
    composite[: len(ncbi)] = ["|" in m.identifier or "+" in m.identifier for m in ncbi]
    of_ncbi = np.arange(len(data.entities)) < len(ncbi)
    asked = data.take(np.flatnonzero(of_ncbi & (data.source == "valid") & ~composite))
    learned = data.take(np.flatnonzero(of_ncbi & (data.source == "train") & ~composite))
    assert len(asked.entities) == 757
    train = TrainingSet(catalogue, learned.mentions, learned.entities)
    run = smoke(tier="small", case="diseases")

    exact = ExactName()
    exact.fit(train, run)
    within = (exact.link(asked.mentions, 10) == asked.entities[:, None]).any(axis=1)
    assert within.mean() == pytest.approx(0.583, abs=5e-4)

    prior = AliasPrior()
    prior.fit(train, run)
    was_seen = np.array([surface.lower() in prior.seen for surface in asked.mentions.surfaces])
    right = was_seen & (prior.link(asked.mentions, 1)[:, 0] == asked.entities)
    assert right.mean() == pytest.approx(0.645, abs=1e-3)


@pytest.mark.parametrize("read", [diseases, wikipedia_titles, wikipedia_benchmarks])
def test_no_text_is_in_two_splits(mirror, read):
    _, data = read()
    texts: dict[str, set[str]] = {}
    for document, source in zip(data.mentions.document.tolist(), data.source.tolist(), strict=True):
        texts.setdefault(data.mentions.texts[document], set()).add(BENCHMARKS.get(source, source))
    assert len(texts) > 150
    assert {frozenset(splits) for splits in texts.values() if len(splits) > 1} == set()


def test_no_disease_is_in_two_splits(mirror, smoke):
    run = smoke(tier="small", case="new_diseases", test_mentions=100, valid_mentions=50)
    problem = collect("new_diseases", run)
    trained = set(problem.train.entities.tolist())
    for split in (problem.valid, problem.test):
        assert trained.isdisjoint(split.entities.tolist())
        assert not split.parts["seen"].any()
    assert set(problem.valid.entities.tolist()).isdisjoint(problem.test.entities.tolist())
    _, data = diseases()
    mentioned = set(data.entities[data.entities != NIL].tolist())
    assert len(mentioned - trained) / len(mentioned) == pytest.approx(
        0.25, abs=0.05
    )  # a seed draws 90 % of the mentions


def test_the_benchmarks_are_scored_apart(mirror, smoke):
    run = smoke(tier="small", case="benchmarks_marking")
    problem = TASK.problem("benchmarks_marking", run)
    split = problem.test
    kore50 = split.links.within(split.parts["kore50"])
    assert split.parts["kore50"].sum() == 50
    assert len(kore50.entity) == 143
    knowing = AliasPrior()
    knowing.mark = lambda texts: kore50
    scores = {(score.metric, score.at.get("part")): score for score in TASK.measure(knowing, split, run)}
    assert scores["part_marking_f1", "kore50"].value == scores["marking_precision", None].value == 1.0
    assert scores["part_marking_f1", "msnbc"].value == 0.0
    linker = AliasPrior()
    linker.fit(problem.train, run)
    scores = {(score.metric, score.at.get("part")): score for score in TASK.measure(linker, split, run)}
    assert 0.2 < scores["marking_f1", None].value < 0.7
    assert {part for metric, part in scores if metric == "part_marking_f1"} == set(split.parts)
