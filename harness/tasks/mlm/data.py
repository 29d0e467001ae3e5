"""The problem of each case: a training text, and what the held-out text is scored on."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from harness.core.canonical import array_digest
from harness.core.task import Problem, majority_share
from harness.run import Run
from harness.tasks.mlm.problems.atlas import planted_text
from harness.tasks.mlm.problems.blocks import Blocks
from harness.tasks.mlm.problems.lists import Spans, list_spans, pmi
from harness.tasks.mlm.problems.ngrams import NGramCounts, NGramTable
from harness.tasks.mlm.problems.pieces import Pieces, WordPieces, restore
from harness.tasks.mlm.problems.text import Collocations, HeldOut, MaskedBlocks, Probe, Sentences, TrainingText
from harness.tasks.mlm.problems.wikipedia import PROBES, WikipediaWords, restore_sections
from harness.tasks.mlm.problems.words import Words
from harness.tasks.mlm.scores.evaluation import one_span_a_block, scattered

SCATTERED: Final = ("token", "word", "span")
"""The evaluation masks that cover a share of all tokens."""


def make(case: str, run: Run) -> Problem:
    """The problem of a case (`KeyError` if there is none)."""
    return _MAKERS[case](run)


class _HeldOutText(NamedTuple):
    """A held-out text, and where its phrases are."""

    words: Words
    phrases: Spans


def _atlas(run: Run) -> Problem:
    """The seed draws the whole world. The phrases are those that were planted."""
    planted = planted_text(run.settings, run.rng("data"))
    text = _training_text(planted.split("train")[0], run)
    valid, test = (_HeldOutText(*planted.split(name)) for name in ("valid", "test"))
    return _problem(text, valid, test, run)


def _wikipedia(run: Run) -> Problem:
    """The texts are the same for all seeds. The phrases are titles of articles."""
    stored = run.artefact(
        WikipediaWords.of(*(run.settings[name] for name in ("valid_articles", "test_articles", "title_least")))
    )
    sections = restore_sections(stored)
    text = _training_text(sections["train"], run)
    valid, test = (
        _HeldOutText(sections[name], stored[f"{name}.phrases"].astype(np.int8)) for name in ("valid", "test")
    )
    probes = {
        name: Probe(
            *(
                _sentences(sections[f"{name}.{split}"], stored[f"{name}.{split}.labels"], text.pieces, run)
                for split in ("train", "dev")
            )
        )
        for name in (PROBES if run.settings["probe_sentences"] else ())
    }
    return _problem(text, valid, test, run, sections["wikitext"], probes)


def _collocations(run: Run) -> Problem:
    """Nothing is trained: n-grams of three words of a generated text are to be ranked."""
    planted = planted_text(run.settings, run.rng("data"))
    ngrams = _table(planted.words, run).of_length[3]
    is_planted, is_junk = (
        (ngrams.words[:, None] == kind).all(axis=2).any(axis=1) for kind in (planted.planted, planted.junk)
    )
    produced = array_digest({"words": ngrams.words, "counts": ngrams.counts, "planted": is_planted, "junk": is_junk})
    return Problem(None, None, Collocations(ngrams, is_planted, is_junk), produced)


def _training_text(words: Words, run: Run) -> TrainingText:
    settings = run.settings
    pieces = restore(run.artefact(WordPieces.of(words, settings["vocabulary"])))
    return TrainingText(words, pieces, Blocks.cut(words, pieces, settings["length"]))


def _table(words: Words, run: Run) -> NGramTable:
    return NGramTable.restore(run.artefact(NGramCounts.of(words, run.settings["least"])))


def _sentences(words: Words, labels: np.ndarray, pieces: Pieces, run: Run) -> Sentences:
    """The first `probe_sentences` sentences, each cut off after `probe_length` tokens."""
    blocks = Blocks.cut(words, pieces, run.settings["probe_length"])
    limit = run.settings["probe_sentences"]
    (opening,) = np.nonzero(np.isin(blocks.first, words.documents[:-1]))
    return Sentences(blocks.tokens[opening[:limit]].astype(np.int64), labels[:limit])


def _problem(
    text: TrainingText,
    valid: _HeldOutText,
    test: _HeldOutText,
    run: Run,
    wikitext: Words | None = None,
    probes: Mapping[str, Probe] | None = None,
) -> Problem:
    """The validation split has the mask `phrase` alone, since it is scored many times."""
    masks, probes = _Masks(text, run), probes or {}
    valid_phrases = masks.phrase(valid, run.settings["valid_blocks"])
    test_phrases = masks.phrase(test, run.settings["test_blocks"])
    tested = {**masks.others(test.words), "phrase": test_phrases}
    elsewhere = {} if wikitext is None else masks.others(wikitext)
    drawn = {
        f"{i}.{kind}": blocks.masked for i, found in enumerate((tested, elsewhere)) for kind, blocks in found.items()
    }
    by_majority = {"sst2_accuracy": majority_share(probes["sst2"].test.labels)} if probes else {}
    vocabulary = len(text.pieces.names)
    return Problem(
        text,
        HeldOut({"phrase": valid_phrases}, {}, {}, vocabulary),
        HeldOut(tested, elsewhere, probes, vocabulary),
        array_digest({"ids": text.words.ids, "valid": valid_phrases.masked, **drawn}),
        chance=_chance(test_phrases) | by_majority,
        valid_chance=_chance(valid_phrases),
    )


class _Masks:
    """Makes the evaluation masks, given the training text."""

    def __init__(self, text: TrainingText, run: Run) -> None:
        self._text, self._run, self._table = text, run, _table(text.words, run)
        self._rng = run.rng("evaluation masks")

    def phrase(self, held_out: _HeldOutText, limit: int) -> MaskedBlocks:
        """A phrase in each of at most `limit` blocks."""
        return self._spans(held_out.words, held_out.phrases, limit)

    def others(self, words: Words) -> dict[str, MaskedBlocks]:
        """The evaluation masks that need no phrases."""
        settings, log_p, blocks = self._run.settings, self._text.piece_log_p, self._cut(words)
        limit = settings["test_blocks"]
        first = blocks.select(np.arange(min(limit, len(blocks))))
        masks = {kind: scattered(kind, first, log_p, settings["mask_rate"], self._rng) for kind in SCATTERED}
        spans = list_spans(self._table, self._table.locate(words), pmi, words.alphabetic, settings["list_size"])
        return {**masks, "pmi": self._spans(words, spans, limit)}

    def _spans(self, words: Words, spans: Spans, limit: int) -> MaskedBlocks:
        return one_span_a_block(self._cut(words), spans, self._text.piece_log_p, limit, self._rng)

    def _cut(self, words: Words) -> Blocks:
        return Blocks.cut(words, self._text.pieces, self._run.settings["length"])


def _chance(phrases: MaskedBlocks) -> dict[str, float]:
    return {"phrase_loss": phrases.chance_loss, "phrase_loss_per_word": phrases.chance_loss_per_word}


_Maker: TypeAlias = Callable[[Run], Problem]
_MAKERS: Final[Mapping[str, _Maker]] = {
    "atlas": _atlas,
    **dict.fromkeys(("wikipedia", "vocabulary_1k", "vocabulary_2k", "vocabulary_8k"), _wikipedia),
    "collocations": _collocations,
}
"""The function that makes the problem of each case."""
