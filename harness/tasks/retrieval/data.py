"""How the problems of each case are made: a corpus, and queries in three splits."""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from harness.core.canonical import array_digest
from harness.run import Run
from harness.tasks.retrieval.problems.collection import I64, Judgements, Questions, TrainingSet

KEPT: Final = 0.9
"""The share of the training queries of real data that a seed draws."""


class Collection(NamedTuple):
    """The data of one seed. `drawn`: digest of what the seed drew."""

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
    """Articles as documents, questions about a fact of one of them as queries; all of it drawn by the seed."""
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
    """Answers as documents, questions as queries; the entities that a split's questions are about are its own."""
    from harness.data.sets import medquad

    rows = medquad.answers()
    documents = list(dict.fromkeys(row.answer for row in rows))
    about = {row.question: row.focus.casefold() or row.document for row in reversed(rows)}
    queries = sorted(about, key=lambda query: (_shuffled(about[query]), _shuffled(query)))
    query_row, document_row = _rows(queries), _rows(documents)
    judged = Judgements.of(
        np.array([query_row[row.question] for row in rows]),
        np.array([document_row[row.answer] for row in rows]),
        len(documents),
    )
    focus = np.unique([about[query] for query in queries], return_inverse=True)[1]
    splits = _by_group(focus, {"test": run.settings["test_queries"], "valid": run.settings["valid_queries"]})
    return _subset(documents, queries, judged, splits, run)


def _scifact(run: Run) -> Collection:
    """Abstracts as documents, claims as queries, the abstracts that a claim cites as its answers.

    The published validation claims are the test split; some of the published training claims validate.
    """
    from harness.data.sets import scifact

    abstracts = scifact.abstracts()
    documents = [f"{abstract.title} {abstract.text}" for abstract in abstracts]
    row = {abstract.id: index for index, abstract in enumerate(abstracts)}
    training = sorted(scifact.claims("train"), key=lambda claim: _shuffled(str(claim.id)))
    claims = [*training, *scifact.claims("validation")]
    pairs = np.array([(query, row[document]) for query, claim in enumerate(claims) for document in claim.cited])
    judged = Judgements.of(pairs[:, 0], pairs[:, 1], len(documents))
    held_out = run.settings["valid_queries"]
    splits = {
        "valid": np.arange(held_out),
        "train": np.arange(held_out, len(training)),
        "test": np.arange(len(training), len(claims)),
    }
    return _subset(documents, [claim.text for claim in claims], judged, splits, run)


def _squad(dataset: str, run: Run, *, spare_article: bool = False) -> Collection:
    """Paragraphs as documents, questions as queries; the paragraphs that a split's questions are about are its own.

    A question that is asked of several paragraphs says too little to be answered by one, and is left out. With
    `spare_article` the other paragraphs of an answer's article, which may answer too, are never negatives.
    """
    from harness.data.sets import squad

    paragraphs = squad.paragraphs(dataset)
    documents = list(dict.fromkeys(paragraph.text for paragraph in paragraphs))
    document_row = _rows(documents)
    asked = {(question.text, document_row[entry.text]) for entry in paragraphs for question in entry.questions}
    times = Counter(query for query, _ in asked)
    about = {query: row for query, row in asked if times[query] == 1}
    place = {row: _shuffled(text) for text, row in document_row.items()}
    queries = sorted(about, key=lambda query: (place[about[query]], _shuffled(query)))
    answers = np.array([about[query] for query in queries])
    judged = Judgements.of(np.arange(len(queries)), answers, len(documents))
    splits = _by_group(answers, {"test": run.settings["test_queries"], "valid": run.settings["valid_queries"]})
    article = {document_row[entry.text]: (entry.source, entry.article) for entry in paragraphs}
    groups = [article[row] for row in range(len(documents))]
    spared = _of_the_same_group(answers, groups) if spare_article else None
    return _subset(documents, queries, judged, splits, run, spared)


def _of_the_same_group(answers: I64, groups: Sequence[Hashable]) -> Judgements:
    """For each query, whose answer is in I64[queries], all documents of its answer's group."""
    members: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    alike = [members[groups[answer]] for answer in answers]
    queries = np.arange(len(answers)).repeat([len(rows) for rows in alike])
    return Judgements.of(queries, np.concatenate(alike), len(groups))


def _subset(
    documents: Sequence[str],
    queries: Sequence[str],
    judged: Judgements,
    splits: Mapping[str, I64],
    run: Run,
    spared: Judgements | None = None,
) -> Collection:
    """The collection with the share of the training queries that the seed draws."""
    order = run.rng("data").permutation(splits["train"])
    drawn = np.sort(order[: round(KEPT * len(order))])
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


def _by_group(groups: I64, sizes: Mapping[str, int]) -> dict[str, I64]:
    """Rows I64[n] of each split, no group in two of them; what is not needed for `sizes` trains.

    Whole groups, which must be contiguous, are set aside until a split is full, and its rows beyond its size left out.
    """
    ends = np.append(np.flatnonzero(np.diff(groups)) + 1, len(groups))
    splits: dict[str, I64] = {}
    start = 0
    for split, size in sizes.items():
        stop = int(ends[np.searchsorted(ends, start + size)])
        splits[split] = np.arange(start, start + size)
        start = stop
    return {**splits, "train": np.arange(start, len(groups))}


def _shuffled(text: str) -> bytes:
    """A sort key that puts texts in an arbitrary but fixed order."""
    return hashlib.sha256(text.encode()).digest()


def _rows(texts: Sequence[str]) -> dict[str, int]:
    return {text: row for row, text in enumerate(texts)}
