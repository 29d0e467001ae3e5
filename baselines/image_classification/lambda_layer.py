"""`LambdaLayer`: interactions with the whole context without attention maps."""

from torch import Tensor, nn


class LambdaLayer(nn.Module):
    """Turns the context of every position into a linear map, a lambda, and applies it to the position's queries (Bello,
    2021, section 2).

    With queries q (`heads` of them, of `keys` numbers each), keys K (normalised over the context by a softmax), values
    V, both of a `depth` u, and embeddings E of the `scope` x `scope` relative positions around n:

        lambda_n = sum_m (K_m + E_nm) V_m^T,     y_n = lambda_n^T q_n     for every head

    Queries and values are batch-normalised, and no projection has a bias. The scope is limited because otherwise the
    layer would be tied to one size of images. Raises `ValueError` if the channels are not a multiple of the heads, or
    if the scope is even.
    """

    def __init__(self, channels: int, heads: int = 4, keys: int = 16, depth: int = 1, scope: int = 23) -> None:
        super().__init__()
        if channels % heads or scope % 2 == 0:
            raise ValueError(
                f"{channels} channels and scope {scope}: channels must be a multiple of {heads} heads, scope odd"
            )
        self.heads, self.keys, self.depth, self.values = heads, keys, depth, channels // heads
        self.project = nn.Conv2d(channels, keys * (heads + depth) + self.values * depth, 1, bias=False)
        self.query_norm = nn.BatchNorm2d(keys * heads)
        self.value_norm = nn.BatchNorm2d(self.values * depth)
        self.embedding = nn.Conv2d(depth, keys, scope, padding=scope // 2, bias=False)
        nn.init.normal_(self.project.weight, std=channels**-0.5)
        nn.init.normal_(self.project.weight[: keys * heads], std=(channels * keys) ** -0.5)
        nn.init.normal_(self.embedding.weight, std=0.02)

    def forward(self, images: Tensor) -> Tensor:
        """F32[n c h w] -> F32[n c h w]."""
        n, _, height, width = images.shape
        sizes = self.keys * self.heads, self.keys * self.depth, self.values * self.depth
        q, k, v = self.project(images).split(sizes, dim=1)
        q = self.query_norm(q).view(n, self.heads, self.keys, -1)
        k = k.reshape(n, self.depth, self.keys, -1).softmax(dim=-1)
        v = self.value_norm(v).view(n, self.depth, self.values, height, width)
        content = k.transpose(1, 2).flatten(2) @ v.flatten(3).transpose(1, 2).flatten(2).mT
        # The position lambdas are a convolution over each of the numbers of a value.
        value_planes = v.transpose(1, 2).reshape(n * self.values, self.depth, height, width)
        position = self.embedding(value_planes).view(n, self.values, self.keys, -1)
        mixed = content.mT[:, None] @ q + (q[:, :, None] * position[:, None]).sum(3)
        output: Tensor = mixed.reshape(images.shape)
        return output
