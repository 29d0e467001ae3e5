"""The settings that are the same for all entrants, and the reader that follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from harness.core.canonical import digest
from harness.nn.encoder import EncoderOptions
from harness.nn.seq2seq import Seq2SeqOptions
from harness.nn.training import TrainingOptions
from harness.run import Run
from harness.tasks.entity_linking.problems.mentions import Catalogue
from harness.tasks.entity_linking.problems.tokens import Reader, Tokens

LEARNED_NAMES: Final = 100_000


@dataclass(frozen=True)
class ConstantSettings:
    """The settings that are held constant: texts, encoder and training. The task's card documents them."""

    vocabulary: int
    context_words: int
    source_tokens: int
    name_tokens: int
    marked_tokens: int
    width: int
    layers: int
    heads: int
    dropout: float
    lr: float
    weight_decay: float

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The settings of a run."""
        return cls(**{name: settings[name] for name in cls.__dataclass_fields__})

    def encoder(self, vocabulary: int) -> EncoderOptions:
        """The size of the encoder."""
        sizes = (self.width, self.layers, self.heads)
        return EncoderOptions(vocabulary, self.source_tokens, *sizes, dropout=self.dropout, packed=True)

    def network(self, vocabulary: int, embedding_std: float) -> Seq2SeqOptions:
        """The size of an encoder-decoder with that encoder."""
        return Seq2SeqOptions(self.encoder(vocabulary), max(self.name_tokens, self.marked_tokens), embedding_std)

    def training(self, lr: float) -> TrainingOptions:
        """The options of the optimizer."""
        return TrainingOptions(lr=lr, weight_decay=self.weight_decay)


def reader_of(catalogue: Catalogue, texts: Sequence[str], run: Run) -> Reader:
    """The reader that all entrants use. Its tokenizer is learned from the catalogue's names (the first 100,000, if
    there are more) and from the texts for training."""
    settings = ConstantSettings.of(run.settings)
    learned = [*catalogue.names[:LEARNED_NAMES], *texts]
    stored = run.artefact(Tokens(digest=digest(learned), vocabulary=settings.vocabulary, texts=learned))["tokenizer"]
    return Reader.restore(stored, settings.context_words, settings.source_tokens, settings.name_tokens)
