"""The text of every role of Shakespeare's plays, whose next character is to be predicted."""

from dataclasses import dataclass

import numpy as np

from harness.core.artefacts import Recipe
from harness.tasks.federated.problems.clients import UNCOUNTED

PAD, START, FIRST = 0, 1, 2
"""The first tokens: padding, the beginning of a role's text, the first character."""
TRAIN, VALID, TEST = range(3)
SPLITS = (0.7, 0.1, 0.2)
"""The shares of a role's speeches that are for training, validation and testing. Training and testing have at least
one."""


@dataclass(frozen=True, kw_only=True)
class Roles(Recipe):
    """The text of all roles with two speeches or more, cut into sequences.

    Builds `tokens` I16[n length + 1], in which the label of a position is the next token; `role` I64[n]; `split` I8[n];
    and `vocabulary` I64[], the number of distinct tokens. A role's first speeches are for training, the following ones
    for validation and the last ones for testing. The speeches of a split are one text with line ends between them. Each
    sequence begins with the last token of the one before. `content` is the content digest of the data set.
    """

    content: str
    length: int

    def build(self) -> dict[str, np.ndarray]:
        """Reads all plays."""
        from harness.data.sets import shakespeare

        texts_of: dict[tuple[str, str], list[str]] = {}
        for speech in shakespeare.speeches():
            texts_of.setdefault((speech.play, speech.role), []).append(speech.text)
        characters = sorted({character for texts in texts_of.values() for text in texts for character in f"{text}\n"})
        code = {character: FIRST + i for i, character in enumerate(characters)}
        sequences: list[np.ndarray] = []
        roles_and_splits: list[tuple[int, int]] = []
        for role, texts in enumerate(texts for texts in texts_of.values() if len(texts) > 1):
            for split, part in enumerate(_split(texts)):
                if any(part):
                    tokens = [START, *(code[character] for character in "\n".join(part))]
                    cut = _cut(np.array(tokens, np.int16), self.length)
                    sequences.append(cut)
                    roles_and_splits += [(role, split)] * len(cut)
        role_of, split_of = np.array(roles_and_splits).T
        return {
            "tokens": np.concatenate(sequences),
            "role": role_of,
            "split": split_of.astype(np.int8),
            "vocabulary": np.array(FIRST + len(characters)),
        }


def inputs_and_labels(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inputs I64[n L] and labels I64[n L] from tokens I16[n L + 1]. The label of padding is `UNCOUNTED`."""
    labels = tokens[:, 1:].astype(np.int64)
    return tokens[:, :-1].astype(np.int64), np.where(labels == PAD, UNCOUNTED, labels)


def _split(texts: list[str]) -> tuple[list[str], list[str], list[str]]:
    test = max(1, round(SPLITS[TEST] * len(texts)))
    train = max(1, min(len(texts) - test, round(SPLITS[TRAIN] * len(texts))))
    return texts[:train], texts[train : len(texts) - test], texts[len(texts) - test :]


def _cut(tokens: np.ndarray, length: int) -> np.ndarray:
    """I16[n length + 1]: sequences that overlap by one token; the last one is padded."""
    number = max(1, -(-(len(tokens) - 1) // length))
    padded = np.full(number * length + 1, PAD, np.int16)
    padded[: len(tokens)] = tokens
    sequences: np.ndarray = padded[np.arange(number)[:, None] * length + np.arange(length + 1)]
    return sequences
