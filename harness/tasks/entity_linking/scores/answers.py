"""What a linker wrote for some mentions, as a text for people to read."""

from collections.abc import Iterator, Sequence
from typing import Final

from harness.core.errors import BadOutput
from harness.core.task import checked_instance, checked_number
from harness.tasks.entity_linking.interface import Answer
from harness.tasks.entity_linking.problems.mentions import INVALID, Linked

MENTIONS: Final = 12
BEST: Final = 5
WORDS: Final = 8
"""The numbers of mentions, of answers to each, and of words around a mention that are shown."""


def check_written(answers: Sequence[Sequence[Answer]], mentions: int) -> Sequence[Sequence[Answer]]:
    """The answers to so many mentions. Raises `BadOutput` if they are not a list of answers for each, with finite
    scores."""
    if len(checked_instance("written", answers, list)) != mentions:
        raise BadOutput(f"written returned answers to {len(answers)} mentions, the task needs those to {mentions}")
    for of_mention in answers:
        for answer in checked_instance("written (of a mention)", of_mention, list):
            checked_instance("written (text)", checked_instance("written (of a mention)", answer, Answer).text, str)
            checked_number("written (score)", answer.score)
            checked_number("written (entity)", answer.entity, least=INVALID, whole=True)
    return answers


def readable(split: Linked, answers: Sequence[Sequence[Answer]]) -> str:
    """A paragraph a mention: the mention `[[ ]]` in its context, its entity, and the best answers with their scores,
    `=` if the answer is right, `x` if it is another entity, and `?` if it is no name."""
    shown = zip(split.mentions.contexts(WORDS), split.mentions.surfaces, split.entities.tolist(), answers, strict=False)
    return "\n".join(
        line
        for (before, after), surface, entity, best in shown
        for line in _paragraph(f"{before} [[{surface}]] {after}", split, entity, best)
    )


def _paragraph(text: str, split: Linked, entity: int, answers: Sequence[Answer]) -> Iterator[str]:
    yield text.strip()
    yield f"  is {split.catalogue.names[entity]}"
    for answer in answers[:BEST]:
        sign = "=" if answer.entity == entity else "?" if answer.entity == INVALID else "x"
        of = "no name" if answer.entity == INVALID else split.catalogue.names[answer.entity]
        yield f"  {answer.score:8.3f} {sign} {answer.text}" + (f"  ({of})" if of.lower() != answer.text else "")
    yield ""
