"""The tower: the network that encodes queries and documents, the same for every negative sampler."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.tasks.retrieval.problems.tokens import PAD


@dataclass(frozen=True)
class TowerOptions:
    """The size of a tower. With 0 layers it is a mean of word vectors. `length` is the largest number of tokens of a
    text."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    length: int


class Tower(nn.Module):
    """Embeddings, transformer layers (if any), a mean over the tokens, a linear layer and a layer normalisation.

    The head, a linear layer and a layer normalisation, is ANCE's (Xiong et al., 2021, section 5.1). The tower pools by
    the mean and not by the first token, because a tower without layers cannot pool by a token. Queries and documents
    share all weights, and a document's score is the dot product of the two vectors. On CUDA the layers compute in
    bfloat16 (autocast); weights, pooling, head and vectors are float32 everywhere.
    """

    def __init__(self, options: TowerOptions) -> None:
        super().__init__()
        width = options.width
        self.embedding = nn.Embedding(options.vocabulary, width, padding_idx=PAD)
        self.layers: nn.TransformerEncoder | None = None
        if options.layers:
            self.positions = nn.Parameter(torch.randn(options.length, width) * width**-0.5)
            layer = nn.TransformerEncoderLayer(
                width, options.heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            self.layers = nn.TransformerEncoder(layer, options.layers, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width))
        with torch.no_grad():
            self.embedding.weight.normal_(std=width**-0.5)
            self.embedding.weight[PAD] = 0

    def parts(self) -> dict[str, list[nn.Parameter]]:
        """The weights by part, from the input to the output: `embedding` (of words and positions), `layers.0`, ...,
        `head`."""
        embedding = [*self.embedding.parameters()]
        if self.layers is None:
            return {"embedding": embedding, "head": [*self.head.parameters()]}
        layers = {f"layers.{depth}": [*layer.parameters()] for depth, layer in enumerate(self.layers.layers)}
        return {"embedding": [*embedding, self.positions], **layers, "head": [*self.head.parameters()]}

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens I32[n L], padded with 0 -> vectors F32[n width]."""
        pooled: Tensor = self._mean(tokens) if self.layers is None else self._contextual_mean(tokens, self.layers)
        vectors: Tensor = self.head(pooled)
        return vectors

    def _mean(self, tokens: Tensor) -> Tensor:
        return functional.embedding_bag(tokens, self.embedding.weight, mode="mean", padding_idx=PAD)

    def _contextual_mean(self, tokens: Tensor, layers: nn.TransformerEncoder) -> Tensor:
        longest = int((tokens != PAD).any(dim=0).sum())
        tokens = tokens[:, : max(1, longest)]
        is_padding = tokens == PAD
        is_padding[:, 0] = False  # otherwise a text without tokens would attend to nothing
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=tokens.is_cuda):
            states = layers(self.embedding(tokens) + self.positions[: tokens.shape[1]], src_key_padding_mask=is_padding)
        share = (~is_padding / (~is_padding).sum(dim=1, keepdim=True)).unsqueeze(-1)
        mean: Tensor = (states.float() * share).sum(dim=1)
        return mean
