"""TREC runs and judgements: the order of trec_eval, its numbers, and the first line that is wrong."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from harness.core.errors import UserError
from harness.formats.trec import Names, Numbering, read_judgements, read_run, written_run
from harness.predictions.scoring import score_outside
from harness.registry.find import find

QUERIES = {b"q0": 0, b"q1": 1}
DOCUMENTS = {f"d{i}".encode(): i for i in range(12)}
SOUND = "q0 Q0 d1 1 2.5 x\nq0 Q0 d2 2 1.5 x\nq1 Q0 d1 1 7 x\n"


def read(folder: Path, text: str) -> list[tuple[int, int]]:
    """The pairs of query and document in a run, in the order in which they are scored."""
    path = folder / "a.run"
    path.write_text(text)
    run = read_run(path, Names.known(QUERIES, DOCUMENTS), len(QUERIES))
    return list(zip(run.queries.tolist(), run.documents.tolist(), strict=True))


def test_documents_are_ordered_by_score_and_then_by_falling_id_whatever_the_order_of_lines(tmp_path: Path) -> None:
    text = "q1 Q0 d1 1 1 x\nq0 Q0 d10 3 0.5 x\nq0 Q0 d9 3 0.5 x\nq0 Q0 d2 1 0.75 x\nq0 Q0 d11 2 0.5 x\n"
    assert read(tmp_path, text) == [(0, 2), (0, 9), (0, 11), (0, 10), (1, 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query Q0 doc rank score tag\n" + SOUND, "line 1: rank 'rank'; expected a whole number"),
        ("", ": an empty file; expected the lines of a TREC run"),
        (SOUND + "q1 Q0 d2 2 6\n", "line 4: 5 fields ('q1 Q0 d2 2 6'); expected the 6 fields of a TREC run"),
        (SOUND + "\n", "line 4: 0 fields"),
        (SOUND + "q1 Q0 d2 2 nan x\n", "line 4: score 'nan'; expected a finite number"),
        (SOUND + "q1 Q0 d2 2 high x\n", "line 4: score 'high'; expected a finite number"),
        (SOUND + "q1 Q0 d2 1.5 6 x\n", "line 4: rank '1.5'; expected a whole number"),
        (SOUND + "q1 Q0 d99 2 6 x\n", "line 4: document 'd99' is unknown (in all 0 missing, 0 doubled, 1 unknown)"),
        (
            "q0 Q0 d1 1 2 x\nq7 Q0 d1 1 2 x\nq0 Q0 d1 2 1 x\n",
            "line 2: query 'q7' is unknown (in all 1 missing, 1 doubled, 1 unknown)",
        ),
        (SOUND + "q0 Q0 d1 3 1 x\n", "line 4: document 'd1' of a query is there twice (in all 0 missing, 1 doubled"),
        (
            SOUND + "q1 Q0 d2 2 8 x\n",
            "line 4: rank 2 has the score 8, but rank 1 has 7; expected scores that fall with the rank",
        ),
    ],
)
def test_the_first_wrong_line_of_a_run_is_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        read(tmp_path, text)
    (line,) = str(refused.value).splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q0 0 d1 1\nq0 0 d2 yes\n", "line 2: grade 'yes'; expected a whole number"),
        ("q0 0 d1 1\nq0 0 d1 0\n", "line 2: document 'd1' of a query is there twice"),
        ("q0 d1 1\n", "line 1: 3 fields"),
    ],
)
def test_the_first_wrong_line_of_judgements_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "qrels").write_text(text)
    with pytest.raises(UserError) as refused:
        read_judgements(tmp_path / "qrels", Numbering(), Numbering())
    assert message in str(refused.value)


def test_a_run_that_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    ranked = np.array([[10, 9, 11, -1], [3, -1, -1, -1]])
    packed = written_run(ranked, ["q0", "q1"], [f"d{i}" for i in range(12)])
    assert read(tmp_path, gzip.decompress(packed).decode()) == [(0, 10), (0, 9), (0, 11), (1, 3)]
    assert packed == written_run(ranked, ["q0", "q1"], [f"d{i}" for i in range(12)])


def random_run(rng: np.random.Generator) -> tuple[str, str]:
    """A run with many ties, and graded judgements, of which some documents have none; ids of several lengths."""
    names = [f"doc-{number}" for number in rng.permutation(300)]
    judged = [
        f"{query} 0 {names[document]} {rng.integers(-1, 4)}"
        for query in range(20)
        for document in rng.choice(300, size=30, replace=False)
    ]
    lines = []
    for query in range(20):
        found = rng.choice(300, size=rng.integers(1, 150), replace=False)
        scores = np.sort(rng.integers(40, size=len(found)) / 8)[::-1]
        lines += [f"{query} Q0 {names[document]} {i} {scores[i]} x" for i, document in enumerate(found)]
    return "\n".join(lines), "\n".join(judged)


@pytest.mark.parametrize("seed", range(3))
def test_scores_of_runs_from_outside_are_those_of_trec_eval(seed: int, tmp_path: Path) -> None:
    import ir_measures
    from ir_measures import AP, RR, R, nDCG

    for name, text in zip(("run", "qrels"), random_run(np.random.default_rng(seed)), strict=True):
        (tmp_path / name).write_text(text + "\n")
    scores = score_outside(find(), "retrieval", tmp_path / "run", tmp_path / "qrels", allow_missing=False)
    judged, run = (
        list(read(str(tmp_path / name)))
        for read, name in ((ir_measures.read_trec_qrels, "qrels"), (ir_measures.read_trec_run, "run"))
    )
    measures = {"mrr@10": RR, "ndcg@10": nDCG @ 10, "recall@100": R @ 100, "map": AP @ 100}
    relevant = {entry.query_id for entry in judged if entry.relevance > 0}
    by_query = {
        (entry.measure, entry.query_id): entry.value for entry in ir_measures.iter_calc(measures.values(), judged, run)
    }
    # Only queries with a relevant document are scored. trec_eval's reciprocal rank is not cut off, and what cuts it
    # off elsewhere breaks ties otherwise.
    theirs = {name: np.array([by_query[measure, query] for query in relevant]) for name, measure in measures.items()}
    theirs["mrr@10"][theirs["mrr@10"] < 1 / 10] = 0
    assert {score.metric: pytest.approx(score.value, abs=1e-9) for score in scores} == {
        name: values.mean() for name, values in theirs.items()
    }


def test_queries_without_documents_are_scored_only_if_they_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a Q0 x 1 1 r\n")
    (tmp_path / "qrels").write_text("a 0 x 1\nb 0 y 1\n")
    files = tmp_path / "run", tmp_path / "qrels"
    with pytest.raises(UserError, match=r"run: 1 of 2 queries are missing, the first is b; .* --allow-missing"):
        score_outside(find(), "retrieval", *files, allow_missing=False)
    scores = score_outside(find(), "retrieval", *files, allow_missing=True)
    assert {(score.value, score.n_used, score.n_expected) for score in scores} == {(1.0, 1, 2)}
