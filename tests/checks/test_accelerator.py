"""Every entrant runs on an accelerator too, and every attention computes there what it computes on the processor."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.records.store import Store
from harness.registry.find import find, load_entrant
from harness.registry.headers import Header

REGISTRY = find()
ATTENTIONS = [header for header in REGISTRY.entrants.values() if header.component == "Attention"]

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.mark.parametrize("task", REGISTRY.tasks)
def test_all_smoke_runs_of_a_task_end_well(task: str, harness: Callable[..., Any], tmp_path: Path) -> None:
    words = ("run", "--task", task, "--tier", "smoke", "--seeds", "1", "--workers", "4", "--no-table")
    harness(*words, "--device", "cuda", "--results", tmp_path / "results")
    records = list(Store(tmp_path / "results").all())
    assert records
    failed = {record.spec.place: record.failure for record in records if record.status != "ok"}
    assert failed == {}


@pytest.mark.parametrize("header", ATTENTIONS, ids=lambda header: header.name)
def test_an_attention_gives_what_it_gives_on_the_processor(header: Header) -> None:
    torch.manual_seed(0)
    module = load_entrant(header)().attention(width=32, heads=2, max_length=64, causal=False)  # type: ignore[attr-defined]
    q, k, v = torch.randn(3, 2, 2, 64, 16)
    keep = torch.ones(2, 64, dtype=torch.bool)
    keep[1, 40:] = False
    places = ("cpu", "cuda")
    found = [_answer_and_gradients(copy.deepcopy(module).to(at), q, k, v, keep, at) for at in places]
    for here, there in zip(*found, strict=True):
        torch.testing.assert_close(here, there, rtol=1e-3, atol=1e-4)


def _answer_and_gradients(
    module: torch.nn.Module, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, keep: torch.Tensor, device: str
) -> list[torch.Tensor]:
    """What is kept of the output, and the gradients of queries, keys and values, on the processor."""
    inputs = [part.to(device).requires_grad_() for part in (q, k, v)]
    out = module(*inputs, keep.to(device)) * keep.to(device)[:, None, :, None]
    gradients = torch.autograd.grad(out.square().sum(), inputs, allow_unused=True, materialize_grads=True)
    return [part.detach().cpu() for part in (out, *gradients)]
