"""Byte-level text: is a film review positive, read byte by byte?"""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from harness.data.sets.imdb import Review, reviews

PAD: Final = 0
ASK: Final = 1
"""The first token of every sequence, where the answer is read."""
BYTE: Final = 2
"""The token of the byte 0; the others follow."""
VOCABULARY: Final = 258
CLASSES: Final = 2


def shuffled_reviews() -> tuple[list[Review], list[Review]]:
    """The training and the test reviews, each in an order that is random but the same everywhere.

    Training reviews whose text is also a test review are left out.
    """
    ordered = sorted(reviews(), key=lambda review: hashlib.sha256(review.text.encode()).digest())
    test = [review for review in ordered if review.split == "test"]
    seen = {review.text for review in test}
    return [review for review in ordered if review.split == "train" and review.text not in seen], test


def tokenised(texts: Sequence[Review], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """`tokens` I16[n longest + 1], the first bytes of each review, which end with `PAD`; and `labels` I64[n]."""
    cut = [review.text.encode()[:longest] for review in texts]
    lengths = np.array([[len(piece)] for piece in cut])
    packed = np.frombuffer(b"".join(piece.ljust(longest) for piece in cut), dtype=np.uint8).reshape(-1, longest)
    tokens = np.where(np.arange(longest) < lengths, packed.astype(np.int16) + BYTE, PAD)
    labels = np.array([review.label for review in texts])
    return np.hstack([np.full_like(lengths, ASK), tokens]).astype(np.int16), labels
