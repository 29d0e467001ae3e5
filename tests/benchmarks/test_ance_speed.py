"""How long retrieval's parts take: the metrics beside trec_eval's, a refresh by stage, a training step."""

import ir_measures
import numpy as np
import pytest
import torch
from ir_measures import AP, RR, R, nDCG

from harness.tasks.retrieval.models.encoder import Encoder
from harness.tasks.retrieval.models.hnsw import HnswIndex
from harness.tasks.retrieval.models.index import ExactIndex
from harness.tasks.retrieval.models.tower import Tower, TowerOptions
from harness.tasks.retrieval.problems.collection import Judgements
from harness.tasks.retrieval.problems.passages import Passages
from harness.tasks.retrieval.problems.tokens import Tokens, restore
from harness.tasks.retrieval.scores.metrics import per_query

QUERIES, DEPTH, CORPUS, WIDTH, LENGTH = 5000, 100, 15_000, 128, 128
SINGLE = Passages.cut(np.ones((CORPUS, 1), np.int32), 1)


@pytest.fixture(scope="module")
def ranking():
    """5,000 queries with 100 documents each, and two judged documents a query."""
    rng = np.random.default_rng(0)
    ranked = np.stack([rng.choice(CORPUS, DEPTH, replace=False) for _ in range(QUERIES)])
    documents = np.where(rng.random((QUERIES, 2)) < 0.5, ranked[:, [3, 40]], rng.integers(CORPUS, size=(QUERIES, 2)))
    return ranked, Judgements.of(np.arange(QUERIES).repeat(2), documents.ravel(), CORPUS)


@pytest.fixture(scope="module", params=[0, 2], ids=["no layers", "2 layers"])
def encoder(request):
    torch.manual_seed(0)
    corpus = CORPUS if request.param == 0 else CORPUS // 30
    tower = Tower(TowerOptions(8000, WIDTH, request.param, 4, LENGTH)).eval()
    learned = Tokens(corpus="", kind="words", vocabulary=9, length=2, documents=["a b"]).build()
    tokens = torch.randint(2, 8000, (corpus, LENGTH), dtype=torch.int32)
    passages = Passages.cut(tokens.numpy(), LENGTH)
    return Encoder(tower, restore(learned["tokenizer"]), passages, tokens[:100])


@pytest.fixture(scope="module")
def vectors():
    """Vectors of 15,000 documents and 3,200 queries (50 batches), like a tower's: topics, and noise around them."""
    generator = torch.Generator().manual_seed(0)
    topics = torch.randn(300, WIDTH, generator=generator)
    near = torch.randn(CORPUS + 3200, WIDTH, generator=generator) * 0.7
    drawn = topics[torch.randint(300, (CORPUS + 3200,), generator=generator)] + near
    return drawn[:CORPUS], drawn[CORPUS:]


@pytest.mark.benchmark(group="metrics of 5,000 queries x 100")
def test_metrics_take_less_than_a_second(benchmark, ranking):
    benchmark(per_query, *ranking)
    assert benchmark.stats.stats.median < 1.0


@pytest.mark.benchmark(group="metrics of 5,000 queries x 100")
def test_metrics_of_trec_eval(benchmark, ranking):
    """The peer, given its own structures."""
    ranked, gold = ranking
    qrels: dict[str, dict[str, int]] = {}
    for query, document in zip(gold.queries.tolist(), gold.documents.tolist(), strict=True):
        qrels.setdefault(f"{query}", {})[f"{document}"] = 1
    run = {f"{q}": {f"{d}": float(-r) for r, d in enumerate(row)} for q, row in enumerate(ranked.tolist())}
    benchmark.pedantic(ir_measures.calc_aggregate, ([RR, nDCG @ 10, R @ 100, AP], qrels, run), rounds=3)


@pytest.mark.benchmark(group="refresh")
def test_refresh_encoding(benchmark, encoder):
    """15,000 documents of 128 tokens; a thirtieth of them with 2 layers."""
    benchmark.pedantic(encoder.all_documents, rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="refresh")
def test_refresh_search(benchmark, vectors):
    """3,200 queries in 15,000 documents, 200 each."""
    documents, queries = vectors
    benchmark.pedantic(ExactIndex(documents, SINGLE).search, (queries, 200), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="refresh")
@pytest.mark.parametrize("stage", ["build", "search"])
def test_refresh_approximately(benchmark, vectors, stage):
    """The same by the approximate index, which must be built before."""
    pytest.importorskip("faiss")
    documents, queries = vectors
    if stage == "build":
        benchmark.pedantic(HnswIndex, (documents, SINGLE), rounds=1)
    else:
        benchmark.pedantic(HnswIndex(documents, SINGLE).search, (queries, 200), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="refresh")
def test_refresh_search_of_passages(benchmark, vectors):
    """The exact search where every document has four passages."""
    documents, queries = vectors
    passages = Passages.cut(np.ones((CORPUS // 4, 4), np.int32), 1)
    benchmark.pedantic(ExactIndex(documents, passages).search, (queries, 200), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="refresh")
def test_refresh_search_by_faiss(benchmark, vectors):
    """The peer: the same search with an exact index of faiss."""
    faiss = pytest.importorskip("faiss")
    faiss.omp_set_num_threads(1)
    documents, queries = vectors
    index = faiss.IndexFlatIP(WIDTH)
    index.add(documents.numpy())
    benchmark.pedantic(index.search, (queries.numpy(), 200), rounds=3, warmup_rounds=1)
