"""Byte-level text: is a film review positive? Reviews are read byte by byte."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from harness.data.sets.imdb import Review, reviews

PAD: Final = 0
QUESTION: Final = 1
"""The first token of every sequence, at which the answer is read out."""
BYTE: Final = 2
"""The token of the byte 0; the tokens of the other bytes follow."""
VOCABULARY: Final = 258
CLASSES: Final = 2


def shuffled_reviews() -> tuple[list[Review], list[Review]]:
    """The training and the test reviews, each in a random order that is the same in every run.

    Training reviews whose text is also in the test split are left out.
    """
    ordered = sorted(reviews(), key=lambda review: hashlib.sha256(review.text.encode()).digest())
    test = [review for review in ordered if review.split == "test"]
    test_texts = {review.text for review in test}
    return [review for review in ordered if review.split == "train" and review.text not in test_texts], test


def tokenised(texts: Sequence[Review], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """`tokens` I16[n longest + 1], the first bytes of each review followed by `PAD`; and `labels` I64[n]."""
    cut = [review.text.encode()[:longest] for review in texts]
    lengths = np.array([[len(piece)] for piece in cut])
    packed = np.frombuffer(b"".join(piece.ljust(longest) for piece in cut), dtype=np.uint8).reshape(-1, longest)
    tokens = np.where(np.arange(longest) < lengths, packed.astype(np.int16) + BYTE, PAD)
    labels = np.array([review.label for review in texts])
    return np.hstack([np.full_like(lengths, QUESTION), tokens]).astype(np.int16), labels
