"""The text of every role of Shakespeare's plays, to be continued character by character."""

from dataclasses import dataclass

import numpy as np

from harness.core.artefacts import Recipe
from harness.tasks.federated.problems.clients import UNCOUNTED

PAD, START, FIRST = 0, 1, 2
"""Tokens: padding, what stands before a role's text, the first character."""
TRAIN, VALID, TEST = range(3)
SPLITS = (0.7, 0.1, 0.2)
"""The shares of a role's speeches in each split; one at least for training and one for testing."""


@dataclass(frozen=True, kw_only=True)
class Roles(Recipe):
    """The roles with two speeches or more, their text cut into sequences: `tokens` I16[n length + 1], a position's
    label being the next token; `role` I64[n], `split` I8[n], `vocabulary` I64[] (all tokens).

    Speeches are in the order of the play: the first for training, then those for validation, the last for testing;
    within a split they are one text, line ends between them. A sequence begins with the last token of the one before.
    `content` is the data set's content digest.
    """

    content: str
    length: int

    def build(self) -> dict[str, np.ndarray]:
        """Reads all plays."""
        from harness.data.sets import shakespeare

        said: dict[tuple[str, str], list[str]] = {}
        for speech in shakespeare.speeches():
            said.setdefault((speech.play, speech.role), []).append(speech.text)
        characters = sorted({character for texts in said.values() for text in texts for character in f"{text}\n"})
        code = {character: FIRST + i for i, character in enumerate(characters)}
        sequences: list[np.ndarray] = []
        places: list[tuple[int, int]] = []
        for role, texts in enumerate(texts for texts in said.values() if len(texts) > 1):
            for split, part in enumerate(_split(texts)):
                if any(part):
                    tokens = [START, *(code[character] for character in "\n".join(part))]
                    cut = _cut(np.array(tokens, np.int16), self.length)
                    sequences.append(cut)
                    places += [(role, split)] * len(cut)
        role_of, split_of = np.array(places).T
        return {
            "tokens": np.concatenate(sequences),
            "role": role_of,
            "split": split_of.astype(np.int8),
            "vocabulary": np.array(FIRST + len(characters)),
        }


def given_and_next(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inputs I64[n L] and labels I64[n L] of tokens I16[n L + 1]: padding is no label."""
    labels = tokens[:, 1:].astype(np.int64)
    return tokens[:, :-1].astype(np.int64), np.where(labels == PAD, UNCOUNTED, labels)


def _split(texts: list[str]) -> tuple[list[str], list[str], list[str]]:
    test = max(1, round(SPLITS[TEST] * len(texts)))
    train = max(1, min(len(texts) - test, round(SPLITS[TRAIN] * len(texts))))
    return texts[:train], texts[train : len(texts) - test], texts[len(texts) - test :]


def _cut(tokens: np.ndarray, length: int) -> np.ndarray:
    """I16[n length + 1]: sequences that overlap by one token, the last one padded."""
    number = max(1, -(-(len(tokens) - 1) // length))
    padded = np.full(number * length + 1, PAD, np.int16)
    padded[: len(tokens)] = tokens
    found: np.ndarray = padded[np.arange(number)[:, None] * length + np.arange(length + 1)]
    return found
