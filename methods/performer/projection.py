"""The random projections that features are made from: independent or orthogonal Gaussian rows."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

Kind: TypeAlias = Literal["orthogonal", "iid", "raw_qr"]


def draw_projection(shape: tuple[int, ...], kind: Kind, generator: torch.Generator | None = None) -> Tensor:
    """F32[... m d]: m random rows, each distributed as N(0, I_d), in the given shape (... m d).

    `iid` rows are independent. `orthogonal` rows are orthogonal within blocks of d rows (section 2.4): they are the Q
    of the QR decomposition of a Gaussian matrix, its rows rescaled by independent norms of Gaussian vectors. Each
    column of Q takes the sign of R's diagonal entry, which makes Q uniform on the orthogonal group (Mezzadri, 2007).
    `raw_qr` leaves these signs as LAPACK returns them: the first row of a block always has a negative first entry, and
    estimates are biased. Random numbers come from `generator`, or from torch's global generator where there is none.
    """
    *batch, m, d = shape
    if kind == "iid":
        return torch.randn(shape, generator=generator)
    blocks = -(-m // d)
    q, r = torch.linalg.qr(torch.randn(*batch, blocks, d, d, generator=generator))
    if kind == "orthogonal":
        q = q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)
    norms = torch.randn(shape, generator=generator).norm(dim=-1, keepdim=True)
    return torch.mul(q.mT.reshape(*batch, blocks * d, d)[..., :m, :], norms)
