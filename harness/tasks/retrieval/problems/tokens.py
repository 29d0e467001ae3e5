"""Texts as rows of token ids: a tokenizer learned once from the corpus, the same for every seed and entrant."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from harness.core.artefacts import Recipe

I32 = NDArray[np.int32]
Kind: TypeAlias = Literal["words", "pieces"]

PAD = 0
SPECIAL = ("[PAD]", "[UNK]")


@dataclass(frozen=True, kw_only=True)
class Tokens(Recipe):
    """The tokenizer (`tokenizer`: U8, its JSON) and the tokens of the corpus (`documents`: I32[n length], padded).

    `kind`: whole words, or pieces of words by byte-pair encoding; `vocabulary`: at most so many, the most frequent
    ones, in lower case and without accents; what comes after `length` tokens of a document is cut off.
    """

    corpus: str
    kind: Kind
    vocabulary: int
    length: int
    documents: Sequence[str] = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Learns the vocabulary and tokenizes the corpus."""
        tokenizer = _learned(self.documents, self.kind, self.vocabulary)
        return {
            "tokenizer": np.frombuffer(tokenizer.to_str().encode(), np.uint8),
            "documents": tokenized(tokenizer, self.documents, self.length),
        }


def restored(stored: NDArray[np.uint8]) -> Tokenizer:
    """The tokenizer of an artefact."""
    return Tokenizer.from_str(stored.tobytes().decode())


def tokenized(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> I32:
    """I32[n length]: each text's first tokens, padded with 0."""
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(pad_id=PAD, pad_token=SPECIAL[PAD], length=length)
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    return np.array(rows, np.int32).reshape(len(texts), length)


def _learned(texts: Sequence[str], kind: Kind, vocabulary: int) -> Tokenizer:
    options: dict[str, Any] = {"vocab_size": vocabulary, "special_tokens": list(SPECIAL), "show_progress": False}
    trainer: trainers.Trainer
    if kind == "words":
        tokenizer, trainer = Tokenizer(models.WordLevel(unk_token=SPECIAL[1])), trainers.WordLevelTrainer(**options)
    else:
        # WordPiece, and pairs with a prefix or suffix, are numbered in another order each time they are learned.
        tokenizer, trainer = Tokenizer(models.BPE(unk_token=SPECIAL[1])), trainers.BpeTrainer(**options)
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
