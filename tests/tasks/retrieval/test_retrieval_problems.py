"""The problems: splits that share nothing, what the seed draws, and texts as tokens."""

import numpy as np
import pytest

from harness.tasks.retrieval.data import collect
from harness.tasks.retrieval.problems.tokens import Tokens, restore, tokenize


def test_every_atlas_question_has_one_answer_and_no_question_is_in_two_splits(smoke):
    found = collect("atlas", smoke())
    assert len(found.train.documents) == 90
    assert [len(part.queries) for part in (found.train, found.valid, found.test)] == pytest.approx(
        [280, 40, 80], rel=0.2
    )
    for part in (found.train.positives, found.valid.judgements, found.test.judgements):
        np.testing.assert_array_equal(part.queries, np.arange(len(part.queries)))
    assert not set(found.test.queries) & {*found.train.queries, *found.valid.queries}


def test_an_atlas_question_shares_its_surname_with_its_answer(smoke):
    found = collect("atlas", smoke())
    gold = found.test.judgements
    for query, document in zip(gold.queries, gold.documents, strict=True):
        assert found.test.queries[query].split()[1] in found.train.documents[document].split()


def test_a_seed_draws_the_same_atlas_again_and_another_seed_another(smoke):
    assert collect("atlas", smoke()).drawn == collect("atlas", smoke()).drawn
    assert collect("atlas", smoke()).drawn != collect("atlas", smoke(seed=1)).drawn


def test_medquad_splits_share_no_entity(smoke, mirror):
    from harness.data.sets import medquad

    found = collect("medquad", smoke())
    focus = {row.question: row.focus.casefold() for row in medquad.answers()}
    about = [{focus[query] for query in part.queries} - {""} for part in (found.train, found.valid, found.test)]
    assert not about[0] & about[1]
    assert not about[0] & about[2]
    assert not about[1] & about[2]
    assert len(found.train.documents) == 15_809
    assert (len(found.valid.queries), len(found.test.queries)) == (500, 1500)
    assert set(found.test.judgements.queries) == set(range(1500))


def test_scifact_tests_on_the_published_validation_claims(smoke, mirror):
    found = collect("scifact", smoke(valid_queries=109))
    assert len(found.train.documents) == 5183
    assert len(found.train.queries) == 630
    assert (len(found.valid.queries), len(found.test.queries)) == (109, 300)
    assert len(found.test.judgements.documents) == 339


def squad_of(run, case):
    """The splits of a case of SQuAD's form, and for each split the texts of the paragraphs that answer its queries."""
    found = collect(case, run)
    answers = [
        {found.train.documents[row] for row in judged.documents}
        for judged in (found.train.positives, found.valid.judgements, found.test.judgements)
    ]
    return found, answers


@pytest.mark.parametrize(("case", "corpus", "training"), [("squad", 2067, 8520), ("squadshifts", 5664, 24450)])
def test_no_paragraph_answers_questions_of_two_splits(smoke, mirror, case, corpus, training):
    found, (train, valid, test) = squad_of(smoke(), case)
    assert len(found.train.documents) == corpus
    assert len(found.train.queries) == pytest.approx(0.9 * training, abs=100)
    assert (len(found.valid.queries), len(found.test.queries)) == (500, 1500)
    assert not train & valid
    assert not train & test
    assert not valid & test
    assert not {*found.valid.queries, *found.test.queries} & set(found.train.queries)
    for judged in (found.train.positives, found.valid.judgements, found.test.judgements):
        np.testing.assert_array_equal(judged.queries, np.arange(len(judged.queries)))


def test_paragraphs_of_the_answers_article_are_barred_where_the_case_says_so(smoke, mirror):
    from harness.data.sets import squad

    plain, spared = collect("squad", smoke()).train, collect("squad_other_articles", smoke()).train
    assert plain.queries == spared.queries
    assert plain.queries_digest != spared.queries_digest
    np.testing.assert_array_equal(plain.positives.documents, spared.positives.documents)
    assert plain.barred is plain.positives
    article = {paragraph.text: paragraph.article for paragraph in squad.paragraphs("squad11-dev")}
    articles = np.array([article[text] for text in spared.documents])
    everything = np.arange(len(articles))[None]
    for query in range(0, len(spared.queries), 500):
        (answer,) = spared.positives.relevant(np.array([query]))[1]
        barred = spared.barred.grade(np.array([query]), everything)[0] > 0
        np.testing.assert_array_equal(barred, articles == articles[answer])


@pytest.mark.parametrize("case", ["medquad", "scifact", "squad", "squad_other_articles"])
def test_a_seed_draws_nine_tenths_of_the_training_queries_and_nothing_else(smoke, mirror, case):
    first, again, other = (collect(case, smoke(seed=seed, valid_queries=100)) for seed in (0, 0, 1))
    assert first.train.queries == again.train.queries
    assert first.drawn == again.drawn != other.drawn
    assert first.test.queries == other.test.queries
    assert first.valid.queries == other.valid.queries
    shared = len(set(first.train.queries) & set(other.train.queries)) / len(first.train.queries)
    assert shared == pytest.approx(0.9, abs=0.02)
    assert first.train.queries_digest != other.train.queries_digest
    assert first.train.corpus_digest == other.train.corpus_digest


DOCUMENTS = ["The quick brown fox.", "A quick, quick hare!", "The slow Tortoise"] * 5


@pytest.mark.parametrize("kind", ["words", "pieces"])
def test_tokens_are_learned_alike_every_time_cut_and_padded(kind):
    recipe = Tokens(corpus="", kind=kind, vocabulary=40, length=3, documents=DOCUMENTS)
    first, again = recipe.build(), recipe.build()
    assert all((first[name] == again[name]).all() for name in ("tokenizer", "documents"))
    tokenizer = restore(first["tokenizer"])
    np.testing.assert_array_equal(tokenize(tokenizer, DOCUMENTS, 3), first["documents"])
    assert first["documents"].shape == (15, 3)
    padded = tokenize(tokenizer, ["the", ""], 4)
    assert (padded[0, 1:] == 0).all()
    assert padded[0, 0] > 1
    assert not padded[1].any()


def test_the_words_of_atlas_are_an_exact_vocabulary(smoke):
    train = collect("atlas", smoke()).train
    recipe = Tokens(corpus="", kind="words", vocabulary=20_000, length=48, documents=train.documents)
    tokenizer = restore(recipe.build()["tokenizer"])
    tokens = tokenize(tokenizer, train.documents, 400)
    lengths = [len(document.split()) for document in train.documents]
    np.testing.assert_array_equal((tokens > 0).sum(axis=1), np.minimum(lengths, 400))
    assert not (tokens == 1).any()
