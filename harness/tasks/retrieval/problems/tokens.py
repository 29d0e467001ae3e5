"""Texts as rows of token ids. The tokenizer is learned once from the corpus and is the same for all seeds and
entrants."""

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
    """The recipe of the tokenizer (`tokenizer`: U8, its JSON) and the tokens of the corpus (`documents`: I32[n length],
    padded).

    `kind` is whole words, or pieces of words by byte-pair encoding, in lower case and without accents. `vocabulary` is
    the largest number of entries; the most frequent ones are kept. Documents are cut off after `length` tokens.
    """

    corpus: str
    kind: Kind
    vocabulary: int
    length: int
    documents: Sequence[str] = field(compare=False, repr=False)

    def build(self) -> dict[str, np.ndarray]:
        """Learns the vocabulary and tokenizes the corpus."""
        tokenizer = _learn(self.documents, self.kind, self.vocabulary)
        return {
            "tokenizer": np.frombuffer(tokenizer.to_str().encode(), np.uint8),
            "documents": tokenize(tokenizer, self.documents, self.length),
        }


def restore(stored: NDArray[np.uint8]) -> Tokenizer:
    """The tokenizer from the array of an artefact."""
    return Tokenizer.from_str(stored.tobytes().decode())


def tokenize(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> I32:
    """I32[n length]: the first tokens of each text, padded with 0."""
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(pad_id=PAD, pad_token=SPECIAL[PAD], length=length)
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    return np.array(rows, np.int32).reshape(len(texts), length)


def _learn(texts: Sequence[str], kind: Kind, vocabulary: int) -> Tokenizer:
    options: dict[str, Any] = {"vocab_size": vocabulary, "special_tokens": list(SPECIAL), "show_progress": False}
    trainer: trainers.Trainer
    if kind == "words":
        tokenizer, trainer = Tokenizer(models.WordLevel(unk_token=SPECIAL[1])), trainers.WordLevelTrainer(**options)
    else:
        # WordPiece, and byte-pair encoding with a prefix or suffix, number their entries in another order each time
        # they are learned.
        tokenizer, trainer = Tokenizer(models.BPE(unk_token=SPECIAL[1])), trainers.BpeTrainer(**options)
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
