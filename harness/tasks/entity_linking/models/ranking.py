"""Rankings of entities by scores."""

import numpy as np
import torch
from torch import Tensor

from harness.tasks.entity_linking.problems.mentions import I64, NIL, Candidates


def best_entities(scores: Tensor, k: int, candidates: Candidates | None = None) -> I64:
    """I64[n k]: the entities with the highest scores F32[n entities], best first; of the candidates alone, where they
    are given. NIL stands after the last one, and for scores of minus infinity."""
    if candidates is not None:
        row, entity = (torch.from_numpy(a).to(scores.device) for a in (candidates.mentions, candidates.entities))
        kept = torch.full_like(scores, -torch.inf)
        kept[row, entity] = scores[row, entity]
        scores = kept
    best, entities = scores.topk(min(k, scores.shape[1]), dim=1)
    ranked = np.full((len(scores), k), NIL, np.int64)
    ranked[:, : entities.shape[1]] = torch.where(best == -torch.inf, NIL, entities).cpu().numpy()
    return ranked
