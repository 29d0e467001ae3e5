"""On an accelerator: every path of training, refreshing, searching and diagnosing."""

import numpy as np
import pytest
import torch

from harness.core.artefacts import Cache
from harness.core.seeds import Streams
from harness.run import Run
from harness.tasks.retrieval import NegativeSampler
from harness.tasks.retrieval.data import collect

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


class Everything(NegativeSampler):
    """One negative from each source that the view has."""

    def negatives(self, batch, view):
        if view.step % 10 == 0:
            view.refresh()
        queries = batch.queries
        hardest = np.where(
            view.allowed(queries, np.tile(batch.documents, (len(queries), 1))),
            view.scores(queries, batch.documents),
            -np.inf,
        ).argmax(axis=1)
        assert view.query_vectors(queries).shape == view.document_vectors(batch.documents).shape
        return np.hstack(
            (
                view.random(queries, 1),
                view.choose(queries, view.bm25(queries, 10), 1),
                view.choose(queries, view.snapshot(1).nearest(queries, 10), 1),
                batch.documents[hardest][:, None],
            )
        )


@pytest.mark.parametrize("options", [{}, {"passages": 3}, {"index": "hnsw"}], ids=str)
@pytest.mark.parametrize("layers", [0, 2])
def test_a_sampler_trains_and_searches_on_the_device(smoke, tmp_path, options, layers):
    if options.get("index") == "hnsw":
        pytest.importorskip("faiss")
    given = smoke(layers=layers, document_tokens=40)
    run = Run(
        settings=given.settings,
        budget=given.budget,
        streams=Streams("retrieval", 0),
        cache=Cache(tmp_path),
        device="cuda",
    )
    train = collect("atlas", run).train
    sampler = Everything(**options)
    sampler.fit(train, run)
    assert all(weight.is_cuda for weight in sampler.tower.parameters())
    answers = train.positives.documents
    assert (sampler.search(train.queries, 10) == answers[:, None]).any(axis=1).mean() > 0.5
    found = sampler.diagnostics()
    assert 0 <= found.overlap <= 1
    assert min(found.gradient_norms.values()) > 0
