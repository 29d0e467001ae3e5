"""The problem of each case: a corpus, and queries in three splits."""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from harness.core.canonical import array_digest
from harness.run import Run
from harness.tasks.retrieval.problems.collection import I64, Judgements, Questions, TrainingSet

DRAWN_SHARE: Final = 0.9
"""The share of the training queries of real data that a seed draws to learn from."""


class Collection(NamedTuple):
    """The data of one seed. `drawn` is the digest of what the seed drew."""

    train: TrainingSet
    valid: Questions
    test: Questions
    drawn: str


def collect(case: str, run: Run) -> Collection:
    """The collection of a case (`KeyError` if there is none)."""
    makers: dict[str, Callable[[Run], Collection]] = {
        "atlas": _atlas,
        "medquad": _medquad,
        "scifact": _scifact,
        "squad": partial(_squad, "squad11-dev"),
        "squad_other_articles": partial(_squad, "squad11-dev", spare_article=True),
        "squadshifts": partial(_squad, "squadshifts"),
    }
    return makers[case](run)


def _atlas(run: Run) -> Collection:
    """Articles as documents, and questions about a fact of an article as queries. The seed draws all of them."""
    from harness.data.atlas import Atlas, AtlasOptions

    settings = run.settings
    options = AtlasOptions(
        entities=settings["entities"], distractors=settings["distractors"], length=settings["corpus_words"]
    )
    world = Atlas(options, run.rng("data"))
    corpus, questions = world.corpus(), world.questions(settings["questions"])
    flat, ends = questions.words.ravel(), np.arange(len(questions.words) + 1) * questions.words.shape[1]
    documents, queries = world.lexicon.render(corpus.tokens, corpus.articles), world.lexicon.render(flat, ends)
    rows = {split: np.flatnonzero(questions.split == split) for split in ("train", "valid", "test")}
    judged = Judgements.of(np.arange(len(queries)), questions.article, len(documents))
    drawn = {"tokens": corpus.tokens, "articles": corpus.articles, "questions": flat, "answers": questions.article}
    return _collection(documents, queries, judged, rows, array_digest({**drawn, **rows}))


def _medquad(run: Run) -> Collection:
    """Answers as documents, and questions as queries. No two splits have questions about the same entity."""
    from harness.data.sets import medquad

    rows = medquad.answers()
    documents = list(dict.fromkeys(row.answer for row in rows))
    entity_of = {row.question: row.focus.casefold() or row.document for row in reversed(rows)}
    queries = sorted(entity_of, key=lambda query: (_random_key(entity_of[query]), _random_key(query)))
    query_row, document_row = _rows(queries), _rows(documents)
    judged = Judgements.of(
        np.array([query_row[row.question] for row in rows]),
        np.array([document_row[row.answer] for row in rows]),
        len(documents),
    )
    focus = np.unique([entity_of[query] for query in queries], return_inverse=True)[1]
    splits = _split_by_group(focus, {"test": run.settings["test_queries"], "valid": run.settings["valid_queries"]})
    return _draw(documents, queries, judged, splits, run)


def _scifact(run: Run) -> Collection:
    """Abstracts as documents, claims as queries, and the abstracts that a claim cites as its answers.

    The published validation claims are the test split; some of the published training claims are the validation split.
    """
    from harness.data.sets import scifact

    abstracts = scifact.abstracts()
    documents = [f"{abstract.title} {abstract.text}" for abstract in abstracts]
    row = {abstract.id: index for index, abstract in enumerate(abstracts)}
    published_training = sorted(scifact.claims("train"), key=lambda claim: _random_key(str(claim.id)))
    claims = [*published_training, *scifact.claims("validation")]
    pairs = np.array([(query, row[document]) for query, claim in enumerate(claims) for document in claim.cited])
    judged = Judgements.of(pairs[:, 0], pairs[:, 1], len(documents))
    valid_queries = run.settings["valid_queries"]
    splits = {
        "valid": np.arange(valid_queries),
        "train": np.arange(valid_queries, len(published_training)),
        "test": np.arange(len(published_training), len(claims)),
    }
    return _draw(documents, [claim.text for claim in claims], judged, splits, run)


def _squad(dataset: str, run: Run, *, spare_article: bool = False) -> Collection:
    """Paragraphs as documents, and questions as queries. No two splits have questions about the same paragraph.

    A question that is asked about several paragraphs is too unspecific and is left out. With `spare_article`, the other
    paragraphs of an answer's article, which may also answer the question, are never negatives.
    """
    from harness.data.sets import squad

    paragraphs = squad.paragraphs(dataset)
    documents = list(dict.fromkeys(paragraph.text for paragraph in paragraphs))
    document_row = _rows(documents)
    pairs = {(question.text, document_row[entry.text]) for entry in paragraphs for question in entry.questions}
    times = Counter(query for query, _ in pairs)
    answer_of = {query: row for query, row in pairs if times[query] == 1}
    sort_key = {row: _random_key(text) for text, row in document_row.items()}
    queries = sorted(answer_of, key=lambda query: (sort_key[answer_of[query]], _random_key(query)))
    answers = np.array([answer_of[query] for query in queries])
    judged = Judgements.of(np.arange(len(queries)), answers, len(documents))
    splits = _split_by_group(answers, {"test": run.settings["test_queries"], "valid": run.settings["valid_queries"]})
    article = {document_row[entry.text]: (entry.source, entry.article) for entry in paragraphs}
    groups = [article[row] for row in range(len(documents))]
    spared = _same_group(answers, groups) if spare_article else None
    return _draw(documents, queries, judged, splits, run, spared)


def _same_group(answers: I64, groups: Sequence[Hashable]) -> Judgements:
    """All documents of the group of each query's answer; the answers are I64[queries]."""
    members: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    same_group = [members[groups[answer]] for answer in answers]
    queries = np.arange(len(answers)).repeat([len(rows) for rows in same_group])
    return Judgements.of(queries, np.concatenate(same_group), len(groups))


def _draw(
    documents: Sequence[str],
    queries: Sequence[str],
    judged: Judgements,
    splits: Mapping[str, I64],
    run: Run,
    spared: Judgements | None = None,
) -> Collection:
    """The collection with the training queries that the seed draws."""
    order = run.rng("data").permutation(splits["train"])
    drawn = np.sort(order[: round(DRAWN_SHARE * len(order))])
    return _collection(documents, queries, judged, {**splits, "train": drawn}, array_digest({"train": drawn}), spared)


def _collection(
    documents: Sequence[str],
    queries: Sequence[str],
    judged: Judgements,
    rows: Mapping[str, I64],
    drawn: str,
    spared: Judgements | None = None,
) -> Collection:
    texts: dict[str, Any] = {split: [queries[row] for row in chosen] for split, chosen in rows.items()}
    judgements = {split: judged.of_queries(chosen) for split, chosen in rows.items()}
    trained = None if spared is None else spared.of_queries(rows["train"])
    return Collection(
        TrainingSet(documents, texts["train"], judgements["train"], trained),
        Questions(texts["valid"], judgements["valid"]),
        Questions(texts["test"], judgements["test"]),
        drawn,
    )


def _split_by_group(groups: I64, sizes: Mapping[str, int]) -> dict[str, I64]:
    """The rows I64[n] of each split, such that no group is in two splits; the rows that are not needed for `sizes` are
    for training.

    The rows of a group must be contiguous. Whole groups are taken until a split is full, and their rows beyond its size
    are left out.
    """
    ends = np.append(np.flatnonzero(np.diff(groups)) + 1, len(groups))
    splits: dict[str, I64] = {}
    start = 0
    for split, size in sizes.items():
        stop = int(ends[np.searchsorted(ends, start + size)])
        splits[split] = np.arange(start, start + size)
        start = stop
    return {**splits, "train": np.arange(start, len(groups))}


def _random_key(text: str) -> bytes:
    """A sort key that puts texts into a random order that is the same in every run."""
    return hashlib.sha256(text.encode()).digest()


def _rows(texts: Sequence[str]) -> dict[str, int]:
    return {text: row for row, text in enumerate(texts)}
